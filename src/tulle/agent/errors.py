"""What ends an agent, as one screen a person can act on.

    AgentError            with a `Problem`: stable code, sentence, the way out; and the exit code of `tulle run`

There is one class: callers only print it or look at its code. What may pass (a control plane that is away,
an Envoy that died, a probe that failed) never becomes one: it is retried and told as an `events.Notice`.
Errors of gRPC and of the system are translated where they happen (`channels`, `ports`, `program`, `state`)
and chained as the cause.
"""

from tulle.model.problems import Problem


class AgentError(Exception):
    """The agent cannot go on, and why. 127 and 126 are the shell's codes for a command that cannot be run."""

    def __init__(self, code: str, message: str, hint: str = "", exit_code: int = 1) -> None:
        self.problem = Problem("", code, message, hint)
        self.exit_code = exit_code
        super().__init__(str(self.problem))


def first_agent_error(error: BaseException) -> AgentError | None:
    """The reason inside the groups a TaskGroup wraps around what its tasks raise."""
    if isinstance(error, AgentError):
        return error
    if isinstance(error, BaseExceptionGroup):
        found = (first_agent_error(inner) for inner in error.exceptions)
        return next((inner for inner in found if inner), None)
    return None
