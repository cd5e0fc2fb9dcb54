"""Prints what the offline planner understands: `python -m tests.llm.planner`."""

from tests.llm.planner.measure import FRESH, HELD_OUT, TUNED, UNSEEN, score, utterances


def main() -> None:
    for name in (TUNED, HELD_OUT, FRESH, UNSEEN):
        result = score(utterances(name))
        right = result.total - len(result.wrong)
        print(f"{name}: {right} of {result.total} right ({result.share:.1%}), {len(result.acts)} wrong acts,", end=" ")
        print(f"{len(result.removals)} wrong removals")
        for utterance, plan in result.wrong:
            print(f"  [{utterance.world}] {utterance.text!r}\n    expected {dict(utterance.plan)}\n    got      {plan}")


main()
