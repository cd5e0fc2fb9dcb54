/** Plain charts of numbers over time; what they show is said beside them in words, so that they are pictures only. */
interface Line {
  values: readonly (number | null)[];
  className: string;
}

interface Props {
  lines: readonly Line[];
  /** What the picture shows, in words. */
  label: string;
  height?: number;
}

const WIDTH = 300;

/** Lines that share a scale from 0 to the largest of all values; a null is a hole. */
export function Chart({ lines, label, height = 80 }: Props) {
  const most = Math.max(...lines.flatMap(({ values }) => values.map((value) => value ?? 0)), 0) || 1;
  return (
    <svg className="chart" viewBox={`0 0 ${WIDTH} ${height}`} preserveAspectRatio="none" role="img" aria-label={label}>
      {lines.map(({ values, className }) => (
        <path key={className} className={className} d={path(values, most, height)} vectorEffect="non-scaling-stroke" />
      ))}
    </svg>
  );
}

export function path(values: readonly (number | null)[], most: number, height: number): string {
  const step = values.length > 1 ? WIDTH / (values.length - 1) : WIDTH;
  let isDown = false;
  return values
    .map((value, index) => {
      if (value === null) {
        isDown = false;
        return "";
      }
      const point = `${(index * step).toFixed(1)} ${(height - 1 - (value / most) * (height - 2)).toFixed(1)}`;
      // A value with a hole on either side is a dot.
      const drawn = isDown ? `L${point}` : values[index + 1] == null ? `M${point}h0` : `M${point}`;
      isDown = true;
      return drawn;
    })
    .filter(Boolean)
    .join(" ");
}
