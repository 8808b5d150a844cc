"""The Envoy of one workload: started and watched, fed over ADS from its cache, asked what it counts."""
