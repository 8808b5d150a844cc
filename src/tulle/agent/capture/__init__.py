"""Carrying capture out on a Linux host: control groups, network namespaces, nftables, and the record of it all.

What is to be done is decided in `tulle.capture`; `captures` has it done for one workload, `inspection` looks at
what there is and takes away what nobody is behind. Needs root, and `nft`.
"""
