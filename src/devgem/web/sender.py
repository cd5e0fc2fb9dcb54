"""Who sends on a socket, and what a frame of theirs may do."""

from dataclasses import dataclass
from typing import assert_never

from devgem.agent.conversation import Conversations
from devgem.domain.errors import NotSignedIn
from devgem.web.frames import Act, Approve, Cancel, Message
from devgem.web.sign_in import Identity, SignIn


@dataclass(frozen=True)
class Sender:
    identity: Identity
    sign_in: SignIn
    conversations: Conversations

    async def check(self) -> None:
        """Raises NotSignedIn when the session has ended since the socket was opened."""
        if not await self.sign_in.still({self.identity}):
            raise NotSignedIn("the session has ended", fix="Sign in again: `devgem open` prints a link.")

    async def ended(self) -> None:
        """Returns when the sender is not signed in any more."""
        await self.sign_in.ended(self.identity)

    async def act(self, frame: Act) -> None:
        """Raises NotFound, Conflict and InvalidInput, as the same request over HTTP does."""
        match frame:
            case Message():
                await self.conversations.say(
                    frame.conversation,
                    frame.text,
                    client_id=frame.client_id,
                    replaces=frame.replaces,
                    user=self.identity.user,
                )
            case Approve():
                await self.conversations.answer(
                    frame.conversation,
                    frame.approval,
                    granted=frame.granted,
                    digest=frame.digest,
                    typed_name=frame.typed_name,
                    values=frame.values,
                    by=self.identity.user,
                )
            case Cancel():
                await self.conversations.stop(frame.conversation, user=self.identity.user)
            case _:
                assert_never(frame)
