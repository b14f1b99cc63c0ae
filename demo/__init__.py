"""The demonstration: fictional firms, real data, a real dam. Started by `make demo`."""
