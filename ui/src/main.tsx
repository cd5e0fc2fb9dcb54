import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
// First, so that what belongs to one feature comes after it.
import "./styles.css";
import { App } from "./app/App";

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
