import type { AnchorHTMLAttributes, MouseEvent } from "react";
import { navigate } from "../lib/route";

type Props = AnchorHTMLAttributes<HTMLAnchorElement> & { href: string };

/** A link within this site: followed without a load; with a modifier key or another button as any link. */
export function Link({ onClick, ...props }: Props) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (event.defaultPrevented || !isPlain || props.target) return;
    event.preventDefault();
    navigate(props.href);
  };
  // eslint-disable-next-line jsx-a11y/anchor-has-content, jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions -- href and content are among the props
  return <a {...props} onClick={follow} />;
}
