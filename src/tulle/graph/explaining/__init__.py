"""Why a request goes where it goes, and who may send it: the graph asked, answered in words."""
