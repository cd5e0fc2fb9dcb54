import { type FormEvent, useState } from "react";
import { Link } from "../../components/Link";
import type { Conversation } from "../../lib/api";
import { paths } from "../../lib/route";
import { visible } from "../../lib/visible";
import { change } from "./listing";

interface Props {
  conversation: Conversation;
  isCurrent: boolean;
  onChange: () => void;
  onFail: (error: unknown) => void;
}

/** One thread in the list; the one that is open can be pinned and renamed. */
export function ConversationRow({ conversation, isCurrent, onChange, onFail }: Props) {
  const { id, title } = conversation;
  // Not known where the server cannot pin or rename.
  const { pinned } = conversation as { pinned?: boolean };
  const [isRenaming, setRenaming] = useState(false);
  const apply = (to: Parameters<typeof change>[1]) => {
    change(id, to).then(onChange, onFail);
    setRenaming(false);
  };
  return (
    <li>
      <Link href={paths.conversation(id)} aria-current={isCurrent ? "page" : undefined}>
        {pinned && (
          <span className="pinned" role="img" aria-label="pinned">
            ◆{" "}
          </span>
        )}
        {visible(title)}
      </Link>
      {isCurrent && !isRenaming && pinned !== undefined && (
        <div className="conversation-acts">
          <button type="button" className="link" onClick={() => apply({ pinned: !pinned })}>
            {pinned ? "Unpin" : "Pin"}
          </button>
          <button type="button" className="link" onClick={() => setRenaming(true)}>
            Rename
          </button>
        </div>
      )}
      {isRenaming && <Rename title={title} onRename={(to) => apply({ title: to })} onLeave={() => setRenaming(false)} />}
    </li>
  );
}

function Rename({ title, onRename, onLeave }: { title: string; onRename: (title: string) => void; onLeave: () => void }) {
  const [text, setText] = useState(title);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() !== "") onRename(text.trim());
  };
  return (
    <form className="conversation-rename" onSubmit={submit}>
      <input
        // eslint-disable-next-line jsx-a11y/no-autofocus -- it was asked for, to type here
        autoFocus
        aria-label="New name"
        maxLength={200}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => event.key === "Escape" && onLeave()}
      />
      <div className="conversation-acts">
        <button type="submit" className="link">
          Save
        </button>
        <button type="button" className="link" onClick={onLeave}>
          Leave it
        </button>
      </div>
    </form>
  );
}
