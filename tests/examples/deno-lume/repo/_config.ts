import lume from "lume/mod.ts";

export default lume({ dest: "./public" });
