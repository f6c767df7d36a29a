"""What `soloist doctor` looks at: the machine, the sandbox, the settings in force, and every model that is configured.

finding     one thing that was looked at, with its cure
examining   everything, side by side
machine     Python, git, the folder for runs
sandboxes   backends and the image in use
inforce     effort, files, prices where money is capped
roles       the planner's and the specialist's models; keys, set or not
server      one model on one server: all its probes, side by side
asking      one question, and what was heard until the answer ended or enough had come
reading     findings from what was heard: stop tokens, speed
native      what kind of server it is, and its context, from pages of its own
room        findings about the context's length
lasting     whether a long answer is cut at 2,048 tokens
nearby      model servers that answer on this machine, with the line to set
"""
