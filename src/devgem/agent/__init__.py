"""One conversation at a time: what a message asks for, and the answer, which may start a deployment."""
