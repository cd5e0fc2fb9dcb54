"""Why a model gave no answer: leaves of the error tree, told apart by `code`."""

from collections.abc import Mapping

from devgem.domain.errors import DevGemError, InvalidInput, Unavailable


class NoQuota(Unavailable):
    """Every endpoint is full, cooling or broken, or a budget is spent."""

    code = "no_quota"

    def __init__(self, message: str, *, retry_after_seconds: float, reasons: Mapping[str, str], fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.retry_after_seconds = retry_after_seconds
        self.reasons = reasons


class BudgetSpent(Unavailable):
    code = "budget_spent"


class ModelFailed(Unavailable):
    """The endpoints that were tried gave no usable answer; `code` is one of model_failed, model_denied, model_absent,
    model_too_slow, answer_too_long, answer_repeats."""

    code = "model_failed"


class PromptTooLong(InvalidInput):
    code = "prompt_too_long"


class PromptRejected(DevGemError):
    """The model's provider refuses the request as such; it would be refused anywhere."""

    code = "prompt_rejected"
