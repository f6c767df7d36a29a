"""What `langgraph.json` names: the graph as LangGraph Studio draws it."""

from soloist.graph.wiring import build

graph = build()
