"""A conversation in a terminal: what is said, what the agent does meanwhile, and what it wants to be asked for."""

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NoReturn, Self

from devgem.cli import asking, deploy, patch, show
from devgem.cli.client import Client, StreamEvent
from devgem.cli.feed import Feed
from devgem.cli.outcome import Code, Exit, say_error
from devgem.domain.errors import Conflict, DevGemError
from devgem.domain.ids import new_id

# A turn's last message is followed by nothing; one before a tool call comes with the call, in the same instant.
_QUIET_SECONDS = 0.4
_EFFECT_SECONDS = 5.0


@dataclass
class Turn:
    """What has been seen of the turn that answers a message. `code` is how the command ends on account of it."""

    message: str
    id: str | None = None
    code: Code = Code.OK
    ended: bool = False
    waits: bool = False
    denied: bool = False
    refused: bool = False
    stopping: bool = False
    begun: bool = False
    deployments: list[str] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return self.ended or self.waits

    def note(self, event: StreamEvent, known: set[str]) -> None:
        """The turn of a message is the first one that was not `known` when it was said. What comes after a message of
        the turn tells that it was not the last."""
        data = event.data
        if event.type == "message.finished" and data["message"] == self.message:
            self.begun = True
        id = data.get("turn")
        if id is None:
            return
        if self.begun and self.id is None and id not in known:
            self.id = id
        known.add(id)
        if id == self.id:
            self.ended = False
            self.refused = self.refused or event.type == "quota.refused"
            if event.type == "tool.finished" and data.get("deployment"):
                self.deployments.append(data["deployment"])

    def end(self, last: Mapping[str, Any]) -> None:
        self.ended = True
        match last.get("stopped"):
            case None:
                self.code = Code.FAILURE if self.denied else Code.OK
            case "user" if self.stopping:
                self.code = Code.INTERRUPTED
            case "budget":
                self.code = Code.QUOTA
            case "error" if self.refused:
                self.code = Code.QUOTA
            case "time":
                self.code = Code.TIMED_OUT
            case _:
                self.code = Code.FAILURE


class Talk:
    def __init__(self, client: Client, conversation: str, *, as_json: bool) -> None:
        self._client = client
        self._conversation = conversation
        self._path = f"/api/v1/conversations/{conversation}"
        self._as_json = as_json
        self._feed = Feed(client, f"conversation:{conversation}")
        self._turns: set[str] = set()
        self._streamed: dict[str, str] = {}
        self._edit: Mapping[str, Any] | None = None
        self._is_midline = False
        self._out = sys.stdout

    @classmethod
    def begin(cls, client: Client, conversation: str | None, *, as_json: bool) -> Self:
        """Opens a conversation, or goes on with one: its last words are shown, and what waits is asked for."""
        if conversation is None:
            talk = cls(client, client.post("/api/v1/conversations")["id"], as_json=as_json)
        else:
            client.get(f"/api/v1/conversations/{conversation}")
            talk = cls(client, conversation, as_json=as_json)
            talk._recall()
        if as_json:
            show.json_line({"type": "conversation.opened", "conversation": talk._conversation})
        return talk

    def once(self, text: str) -> Code:
        """Says one thing and sees it through to its end."""
        turn = self._answered(text)
        if turn.waits or turn.code is Code.INTERRUPTED:
            self._tell_how_to_come_back()
            return turn.code
        return self._watched(turn) or turn.code

    def loop(self) -> None:
        """Talks until the end of input. Raises Exit when Ctrl-C is pressed twice."""
        if not sys.stdin.isatty():
            for line in sys.stdin:
                if line.strip() and (code := self.once(line.strip())) is not Code.OK:
                    raise Exit(code)
            return
        interrupted = False
        while True:
            self._overhear()
            try:
                text = _line("> ")
            except EOFError:
                print(file=sys.stderr)
                self._tell_how_to_come_back()
                return
            except KeyboardInterrupt:
                if interrupted:
                    self._tell_how_to_come_back()
                    raise Exit(Code.INTERRUPTED) from None
                interrupted = True
                print("\nCtrl-C once more leaves.", file=sys.stderr)
                continue
            interrupted = False
            if text.strip():
                self._talked(text)

    def say(self, text: str) -> None:
        """Says something by the way: its answer is no data. Raises Exit when there is none."""
        self._out = sys.stderr
        turn = self._answered(text)
        self._out = sys.stdout
        if turn.code is not Code.OK:
            raise Exit(turn.code)

    def _talked(self, text: str) -> None:
        """One turn of many: what goes wrong with it is told, and the talk goes on."""
        try:
            self._watched(self._answered(text))
        except DevGemError as error:
            say_error(error.message, error.fix)

    def _answered(self, text: str) -> Turn:
        posted = self._client.post(f"{self._path}/messages", {"text": text, "client_id": new_id("cid")})
        turn = Turn(posted["message"])
        self._see_through(turn)
        return turn

    def _see_through(self, turn: Turn) -> None:
        while not turn.is_over:
            try:
                self._step(turn)
            except KeyboardInterrupt:
                self._interrupt(turn)

    def _step(self, turn: Turn) -> None:
        """One event; after what may be the last message, whether another one follows."""
        event = self._feed.next()
        while event is not None:
            self._tell(event, turn)
            event = self._feed.next(_QUIET_SECONDS) if turn.is_over and not turn.waits else None

    def _interrupt(self, turn: Turn) -> None:
        """The first Ctrl-C stops the turn, the second one leaves. Raises Exit."""
        if turn.stopping:
            self._leave(turn)
        turn.stopping = True
        self._say("\nStopping the answer; Ctrl-C once more leaves. What was started goes on.")
        try:
            self._client.post(f"{self._path}/stop")
        except KeyboardInterrupt:
            self._leave(turn)

    def _leave(self, turn: Turn) -> NoReturn:
        for deployment in turn.deployments:
            self._say(f"The deployment {deployment} goes on.")
        self._tell_how_to_come_back()
        raise Exit(Code.INTERRUPTED)

    def _tell(self, event: StreamEvent, turn: Turn) -> None:
        if self._as_json:
            show.json_line({"type": event.type, "seq": event.seq, "at": event.at, **event.data})
        turn.note(event, self._turns)
        data, is_ours = event.data, turn.id is not None and event.data.get("turn") == turn.id
        match event.type:
            case "message.delta":
                self._stream(data)
            case "message.finished" if data["role"] == "assistant":
                self._finish(data)
                if is_ours:
                    turn.end(data)
            case "tool.called":
                self._say(f"- {data['title']}")
            case "tool.finished" if not data["ok"]:
                self._say(f"  not done: {data['summary']}")
            case "approval.requested" if is_ours:
                self._ask(data, turn)
            case "edit.proposed":
                self._edit = data
                if not self._as_json:
                    patch.tell(data)
            case "edit.applied" | "edit.reverted":
                self._edit = None
            case "endpoint.switched":
                self._say(f"Went on at {data['to']} instead of {data['from']} ({data['reason']})")
            case "quota.refused":
                self._say(f"Waiting for the model: about {show.seconds(data['seconds'])}, {data['ahead']} ahead")

    def _ask(self, approval: Mapping[str, Any], turn: Turn) -> None:
        """Asks for an approval where there is a person to ask; it waits otherwise."""
        if not asking.can_ask():
            self._say(f"{approval['title']} needs your approval, and there is no terminal to ask for it.")
            turn.waits, turn.code = True, Code.FAILURE
            return
        self._break_line()
        answer = asking.consent(approval)
        turn.denied = turn.denied or not answer["granted"]
        try:
            self._client.post(f"{self._path}/approvals/{approval['approval']}", answer)
        except Conflict:
            self._say("It was answered already, somewhere else.")

    def _watched(self, turn: Turn) -> Code:
        """Asks about edits, and sees deployments through; how the first one that did not become live ended."""
        deployments = list(turn.deployments)
        if self._edit is not None and not self._as_json:
            deployments += self._decided(self._edit)
        codes = [self._watch(deployment) for deployment in deployments]
        return next((code for code in codes if code is not Code.OK), Code.OK)

    def _decided(self, edit: Mapping[str, Any]) -> list[str]:
        """The deployment of those edits that were accepted."""
        if not asking.can_ask():
            self._say("The edits wait for you: accept them in the dashboard, or talk on at a terminal.")
            return []
        whole = self._whole(edit)
        try:
            decision = patch.choose(whole)
        except KeyboardInterrupt:
            decision = None
        if decision is None:
            self._say("They are kept, and not deployed.")
            return []
        self._client.post(f"{self._path}/edits/{edit['edit']}", decision)
        while (event := self._feed.next(_EFFECT_SECONDS)) is not None:
            if event.type == "edit.applied" and event.data["edit"] == edit["edit"]:
                self._edit = None
                return [event.data["deployment"]]
            if event.type == "edit.reverted":
                self._edit = None
                self._say("The edits were discarded.")
                return []
        return []

    def _whole(self, edit: Mapping[str, Any]) -> Mapping[str, Any]:
        """The edit with all of its diff; what its event has left out is fetched, and shown."""
        files, rest = list(edit["files"]), edit.get("rest")
        while rest:
            page = self._client.get(f"{self._path}/edits/{edit['edit']}", after=rest["next"])
            patch.tell_files(page["files"])
            files, rest = [*files, *page["files"]], page["rest"]
        return {**edit, "files": files}

    def _watch(self, deployment: str) -> Code:
        found = self._client.get(f"/api/v1/deployments/{deployment}")
        code = Code.OK
        try:
            deploy.watch(self._client, found, as_json=self._as_json)
        except Exit as ending:
            code = ending.code
        if code is Code.DEPLOYMENT_FAILED:
            self._overhear(lambda event: event.data.get("deployment") == deployment, _EFFECT_SECONDS)
        return code

    def _overhear(self, until: Callable[[StreamEvent], bool] = lambda _: False, seconds: float = 0.0) -> None:
        """Tells what was said meanwhile, by DevGem itself or on another device."""
        nobody = Turn("")
        while (event := self._feed.next(seconds)) is not None:
            self._tell(event, nobody)
            if until(event):
                return

    def _recall(self) -> None:
        """Reads what was said before, shows the end of it, and asks for what waits for an approval."""
        last, waiting = "", dict[str, Mapping[str, Any]]()
        while (event := self._feed.next(_QUIET_SECONDS if self._turns or last else _EFFECT_SECONDS)) is not None:
            Turn("").note(event, self._turns)
            match event.type:
                case "message.finished":
                    last = event.data["text"]
                case "approval.requested":
                    waiting[event.data["approval"]] = event.data
                case "approval.granted" | "approval.denied":
                    waiting.pop(event.data["approval"], None)
                case "edit.proposed":
                    self._edit = event.data
                case "edit.applied" | "edit.reverted":
                    self._edit = None
        if last:
            self._say(last, "dim")
        for approval in waiting.values():
            turn = Turn("", id=approval["turn"])
            self._ask(approval, turn)
            self._see_through(turn)
            self._watched(turn)
        if self._edit is not None and not self._as_json and asking.can_ask():
            patch.tell(self._edit)
            self._watched(Turn(""))

    def _stream(self, data: Mapping[str, Any]) -> None:
        before = self._streamed.get(data["message"], "")
        if data["replace"] and before:
            self._say("\nAnother endpoint answers from the beginning:")
            before = ""
        self._streamed[data["message"]] = before + data["text"]
        self._write(data["text"])

    def _finish(self, data: Mapping[str, Any]) -> None:
        """Writes what of a message was not streamed."""
        streamed, text = self._streamed.pop(data["message"], ""), data["text"]
        if text.startswith(streamed):
            self._write(text[len(streamed) :])
        else:
            self._break_line()
            self._write(text)
        self._break_line()
        for action in data.get("actions") or ():
            if action.get("say"):
                self._say(f"  {action['label']}: say {action['say']!r}")

    def _write(self, text: str) -> None:
        if text and not self._as_json:
            text = show.plain(text)
            self._out.write(text)
            self._out.flush()
            self._is_midline = not text.endswith("\n")

    def _break_line(self) -> None:
        if self._is_midline:
            self._out.write("\n")
            self._out.flush()
            self._is_midline = False

    def _say(self, text: str, style: str | None = None) -> None:
        if not self._as_json:
            self._break_line()
            text = show.plain(text)
            print(show.styled(text, style, sys.stderr) if style else text, file=sys.stderr, flush=True)

    def _tell_how_to_come_back(self) -> None:
        self._say(f"Come back with `devgem chat --conversation {self._conversation}`.")


def _line(prompt: str) -> str:
    """One line, edited as in a shell."""
    with suppress(ImportError):
        import readline  # noqa: F401 - its import gives input() a history and keys

    return input(prompt)
