import { useState } from "react";
import { FACETS, LINES, shape, SHARDS, STAGES } from "./stone";
import "./cutting.css";

/**
 * A rough stone becomes a gem as a deployment goes through its stages. Only opacity and transform move, so that the
 * compositor does all of it; what is written here without an animation is the last picture, for who wants it still.
 */
export function Cutting() {
  const [isPaused, setPaused] = useState(false);
  return (
    <div className={isPaused ? "cutting cutting-paused" : "cutting"}>
      <div className="cutting-picture" aria-hidden="true">
        <Stone />
        <ol className="cutting-stages">
          {STAGES.map((name, index) => (
            <li key={name} className={`on on-${index + 1}`}>
              {name}
            </li>
          ))}
        </ol>
        <ol className="cutting-log">
          {LINES.map((text, index) => (
            <li key={text} className={`on on-${index + 1}`}>
              {text}
            </li>
          ))}
          <li className="cutting-link on on-7">https://shop.example.dev</li>
        </ol>
      </div>
      <button type="button" className="button cutting-pause" aria-pressed={isPaused} onClick={() => setPaused(!isPaused)}>
        {isPaused ? "Play the animation" : "Pause the animation"}
      </button>
    </div>
  );
}

function Stone() {
  return (
    <div className="stone">
      <span className="stone-glow on on-7" />
      {SHARDS.map(({ points, stage, dx, dy, shade }) => (
        <span key={points} className={`piece rough rough-${shade} off off-${stage} away-${dx}-${dy}`} style={{ clipPath: shape(points) }} />
      ))}
      {FACETS.map(({ points, shade }) => (
        <span key={points} className={`piece rough rough-${shade}`} style={{ clipPath: shape(points) }} />
      ))}
      {FACETS.map(({ points, stage, tone }) => (
        <span key={points} className={`piece cut-${tone} on on-${stage}`} style={{ clipPath: shape(points) }} />
      ))}
    </div>
  );
}
