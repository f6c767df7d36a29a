"""The graph: small nodes, named decisions, and one file of wiring."""
