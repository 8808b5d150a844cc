"""`tulle store`: the server's memory backed up, put back, and looked over."""
