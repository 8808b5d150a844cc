"""Capture as values: which traffic of a program goes through its proxy, and the nftables rules that make it so.

A `Plan` says what is wanted; `rulesets` writes it as nftables' text; `tables` reads back what stands in a kernel;
`records` tells which of it is still somebody's. Runs nothing and opens nothing: `agent.capture` does.
"""
