"""A specialist without a model: it edits the syntax tree of one function, the likeliest edits first."""
