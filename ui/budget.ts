/**
 * What a page costs to load: the build fails when the JavaScript that must have come before it can be used is, as it
 * is sent (gzip), more than its budget. Lazy parts count only where they are named themselves.
 */
import { gzipSync } from "node:zlib";
import type { Plugin, Rollup } from "vite";

const KB = 1000;

/** `budgets`: kilobytes by the end of a module's path without its extension. */
export function budget(budgets: Record<string, number>): Plugin {
  return {
    name: "budget",
    apply: "build",
    generateBundle(_, bundle) {
      const chunks = Object.values(bundle).filter((file) => file.type === "chunk");
      const entry = chunks.find((chunk) => chunk.isEntry);
      if (!entry) this.error("there is no entry to weigh");
      // Chunks behind the workbench are loaded after it.
      const workbench = holding(chunks, "app/Workbench");
      for (const [module, kilobytes] of Object.entries(budgets)) {
        const chunk = holding(chunks, module);
        if (!chunk) this.error(`${module} has a budget, but is in no chunk`);
        const first = chunk === entry || !workbench ? [entry] : [entry, workbench];
        const loaded = closure(bundle, [...first, chunk]);
        const size = loaded.reduce((sum, { code }) => sum + gzipSync(code, { level: 9 }).length, 0) / KB;
        const said = `${module}: ${size.toFixed(1)} kB of ${kilobytes} kB`;
        if (size > kilobytes) this.error(`over budget: ${said}`);
        this.info(said);
      }
    },
  };
}

function holding(chunks: Rollup.OutputChunk[], module: string): Rollup.OutputChunk | undefined {
  return chunks.find((chunk) => chunk.moduleIds.some((id) => id.replace(/\.tsx?$/, "").endsWith(module)));
}

/** Chunks with all that they import at once. */
function closure(bundle: Rollup.OutputBundle, chunks: Rollup.OutputChunk[]): Rollup.OutputChunk[] {
  const found = new Map<string, Rollup.OutputChunk>();
  const add = (chunk: Rollup.OutputChunk) => {
    if (found.has(chunk.fileName)) return;
    found.set(chunk.fileName, chunk);
    for (const name of chunk.imports) {
      const imported = bundle[name];
      if (imported?.type === "chunk") add(imported);
    }
  };
  chunks.forEach(add);
  return [...found.values()];
}
