import { useEffect, useRef } from "react";
import { encode } from "uqr";

const DOT_PX = 6;

/** An address as a picture that a phone reads: dark on light in both themes, as readers want it. */
export function QrCode({ text }: { text: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const ink = canvas.current?.getContext("2d");
    if (!canvas.current || !ink) return;
    const { data, size } = encode(text, { ecc: "M", border: 2 });
    canvas.current.width = canvas.current.height = size * DOT_PX;
    ink.fillStyle = "#ffffff";
    ink.fillRect(0, 0, size * DOT_PX, size * DOT_PX);
    ink.fillStyle = "#000000";
    data.forEach((row, y) => row.forEach((isDark, x) => isDark && ink.fillRect(x * DOT_PX, y * DOT_PX, DOT_PX, DOT_PX)));
  }, [text]);
  return (
    <div role="img" aria-label={`QR code of ${text}`}>
      <canvas ref={canvas} className="qr" aria-hidden="true" />
    </div>
  );
}
