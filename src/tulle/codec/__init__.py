"""Text ⇄ resources. The only room that sees dicts: past it everything is a frozen value or a Problem."""
