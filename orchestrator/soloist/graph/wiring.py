"""The one place that knows LangGraph's classes: how the nodes are joined.

START -> gather -> plan -> [ solve ]* -> choose -> stitch -> verify -> apply -> report -> END
"""

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Checkpointer

from soloist.graph import gather, planning, proving, solve
from soloist.graph.state import GatherState, Input, SolveInput, SolveOutput, SolveState, State
from soloist.live import Live


def build(checkpointer: Checkpointer = None) -> CompiledStateGraph[State, Live, Input, State]:
    """The whole graph."""
    graph = StateGraph(State, Live, input_schema=Input)
    graph.add_node("gather", gathering())
    graph.add_node("plan", planning.plan)
    graph.add_node("solve", solving(), input_schema=SolveInput)
    graph.add_node("choose", planning.choose)
    graph.add_node("stitch", proving.stitch)
    graph.add_node("verify", proving.verify)
    graph.add_node("apply", proving.apply_patch)
    graph.add_node("report", proving.report)
    graph.add_edge(START, "gather")
    graph.add_edge("gather", "plan")
    graph.add_conditional_edges("plan", planning.after_plan, {"solve": "solve", "nothing to try": "report"})
    graph.add_edge("solve", "choose")
    graph.add_conditional_edges(
        "choose",
        planning.after_choose,
        {"solve": "solve", "solved": "stitch", "answered": "report", "replan": "gather", "give up": "report"},
    )
    graph.add_edge("stitch", "verify")
    graph.add_conditional_edges("verify", proving.after_verify, {"proved": "apply", "replan": "gather", "give up": "report"})
    graph.add_edge("apply", "report")
    graph.add_edge("report", END)
    return graph.compile(checkpointer=checkpointer, name="soloist")


def gathering() -> CompiledStateGraph[GatherState, Live, GatherState, GatherState]:
    """The planner and its read-only tools, in turn."""
    graph = StateGraph(GatherState, Live)
    graph.add_node("look", gather.look)
    graph.add_node("use", gather.use)
    graph.add_edge(START, "look")
    graph.add_conditional_edges("look", gather.enough_known, {"look closer": "use", "enough": END})
    graph.add_edge("use", "look")
    return graph.compile(name="gather")


def solving() -> CompiledStateGraph[SolveState, Live, SolveInput, SolveOutput]:
    """One step's loop."""
    graph = StateGraph(SolveState, Live, input_schema=SolveInput, output_schema=SolveOutput)
    graph.add_node("pose", solve.pose)
    graph.add_node("sample", solve.sample)
    graph.add_node("execute", solve.execute)
    graph.add_node("select", solve.select)
    graph.add_node("repair", solve.repair)
    graph.add_node("escalate", solve.escalate)
    graph.add_node("done", solve.done)
    graph.add_edge(START, "pose")
    graph.add_edge("pose", "sample")
    graph.add_edge("sample", "execute")
    graph.add_edge("execute", "select")
    graph.add_conditional_edges(
        "select", solve.next_move, {"more": "sample", "near misses": "repair", "out of ideas": "escalate", "done": "done"}
    )
    graph.add_edge("repair", "sample")
    graph.add_edge("escalate", "sample")
    graph.add_edge("done", END)
    return graph.compile(name="solve")
