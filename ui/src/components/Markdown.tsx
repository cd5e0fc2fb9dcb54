import { memo, type ReactNode } from "react";
import { type Block, blocks, type Inline } from "../lib/markdown";
import { visible } from "../lib/visible";
import { CopyButton } from "./CopyButton";

/** Text of a model or of others: no HTML, nothing is loaded, and every link says where it leads. */
export const Markdown = memo(function Markdown({ text }: { text: string }) {
  return <div className="markdown">{blocks(text).map(renderBlock)}</div>;
});

function renderBlock(block: Block, key: number): ReactNode {
  switch (block.kind) {
    case "paragraph":
      return <p key={key}>{block.parts.map(renderInline)}</p>;
    case "heading":
      return <h4 key={key}>{block.parts.map(renderInline)}</h4>;
    case "code":
      return <CodeBlock key={key} language={block.language} text={block.text} />;
    case "list":
      return renderList(block, key);
    case "quote":
      return <blockquote key={key}>{block.blocks.map(renderBlock)}</blockquote>;
    case "rule":
      return <hr key={key} />;
  }
}

function renderList(list: Extract<Block, { kind: "list" }>, key: number): ReactNode {
  const items = list.items.map((item, index) => <li key={index}>{item.map(renderBlock)}</li>);
  return list.ordered ? (
    <ol key={key} start={list.start}>
      {items}
    </ol>
  ) : (
    <ul key={key}>{items}</ul>
  );
}

function CodeBlock({ language, text }: { language: string; text: string }) {
  return (
    <figure className="code">
      <figcaption>
        <span className="quiet grow">{language}</span>
        <CopyButton text={text} />
      </figcaption>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrollable region must be reachable by keyboard */}
      <pre tabIndex={0}>{text}</pre>
    </figure>
  );
}

function renderInline(part: Inline, key: number): ReactNode {
  switch (part.kind) {
    case "text":
      return part.text;
    case "code":
      return <code key={key}>{part.text}</code>;
    case "strong":
      return <strong key={key}>{part.parts.map(renderInline)}</strong>;
    case "emphasis":
      return <em key={key}>{part.parts.map(renderInline)}</em>;
    case "link":
      return <Link key={key} link={part} />;
  }
}

function Link({ link }: { link: Extract<Inline, { kind: "link" }> }) {
  const label = link.parts.map((part) => ("text" in part ? visible(part.text) : "")).join("");
  return (
    <>
      <a href={link.href} target="_blank" rel="noopener noreferrer nofollow">
        <bdi>{label}</bdi>
      </a>
      {!link.bare && <bdi className="quiet"> ({link.host})</bdi>}
    </>
  );
}
