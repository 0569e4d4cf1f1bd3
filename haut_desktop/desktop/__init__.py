"""What only the desktop knows: network state, proxies, the single instance, printing."""
