"""The words that the planner knows, and the known word that a mistyped one was meant to be."""

from collections.abc import Iterable

from devgem.llm.planner.words import words

DESTRUCTIVE = words("""remove delete destroy erase uninstall removing deleting destroying""")

KNOWN = DESTRUCTIVE | words(
    """deploy redeploy deployment deployments restart reboot rollback revert cancel abort status logs list apps
    revisions versions version show help preview undo redo discard background colour color title header heading
    footer button buttons replace change rename open restore previous retry again traffic environment variables
    build rebuild publish launch ship release inspect explain fail failed failing failure broken working quota
    repositories repos history errors error requests running online latest folder branch commit output
    restarting deploying"""
)

# Words that are right as they stand, so that none is taken for a mistyped one of the above.
COMMON = words(
    """a about above actually add after ago all almost along also always am an and another any anything app application
    applications are around as ask at away back bad be because been before being best better between big bigger
    both bring but by call called came can cannot cant check clean clear close code come completely config
    configuration container content copy could count create current currently cut data database day days dead
    default design detail details did different do docker does doesn doing done down draw drop due during each
    early easy edit edits either else empty end enough even ever every everything exactly example fast feature
    few file files find fine first fix fixed follow following font for found from full get give given go goes
    going gone good got great had half halt has have having he hello her here hey hi his hold home host hour
    hours how however i idea if image in info information inside instance instead into is issue it its job just
    keep kill kind know known large last late later least left less let letter like line lines link links little
    live load local logo long look looked looks loop lost lot made main make makes many may maybe me mean means
    menu message metrics might minute minutes model moment more most move much must my name named names need
    needed needs never new newest next nice no none not note nothing now number of off often ok okay old older
    on once one only onto or order other others our out over own page pages part past path people place please
    plus point possible print prints problem process product production project pull push put question quick
    quickly quite rather reach read ready real really reason red reload remote report request reset respond
    response rest result right roll run runs safe said same save say says screen script second secret section
    see seem seems seen send serve served server service set settings several shall she shop short should shut
    side sign since site size slow small so some somebody something soon source space spin staging start started
    state stay still stop store such sure switch system tail take talk tell test tests text than thank thanks
    that the their them then there these they thing things think third this those though three through throw
    time times to today together told tomorrow too top total track tried true try turn two type under until up
    update upgrade upon url us use used user users using value variable vars very view wait want wants was watch
    way we web website week well went were what when where whether which while who whole why will wipe with
    within without won word words work worked works world would write wrong yes yet you your agent error login
    user's don't dont can't won't isn't doesn't didn't let's i'd i'll i'm it's what's whats where's how's that's
    pls plz thx u ur asap env var repo repository branch tag ref dir directory latest master develop dev
    background body nav navigation sidebar card table white black blue green grey gray orange yellow purple pink
    lets im ive youre theres wont hasnt isnt unless unset export cat ls bounce abort revision sample demo
    bundled browser"""
)


def meant_word(word: str, among: Iterable[str], *, shortest: int = 4) -> str | None:
    """The one of `among` that `word` was most likely meant to be: one slip of the hand, two in long words. None when
    nothing is near or two are equally near."""
    best: list[str] = []
    least = 3
    for candidate in among:
        if (
            len(candidate) < shortest
            or abs(len(candidate) - len(word)) > 2
            or (sorted(word[:2]) != sorted(candidate[:2]) and word[:1] != candidate[:1])
        ):
            continue
        allowed = 2 if len(candidate) >= 7 else 1
        distance = slips(word, candidate)
        if distance <= allowed and distance <= least:
            best = [candidate] if distance < least else [*best, candidate]
            least = distance
    return best[0] if len(best) == 1 else None


def slips(one: str, other: str) -> int:
    """How many letters were left out, added, changed or swapped with the next
    (https://en.wikipedia.org/wiki/Damerau-Levenshtein_distance, optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        earlier, before, row = before, row, [i]
        for j, goal in enumerate(other, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != goal))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == goal:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
    return row[-1]
