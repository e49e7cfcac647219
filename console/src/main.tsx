import { render } from "preact";

import { App } from "./app";
import "./page.css";

const root = document.getElementById("console");
if (root) render(<App />, root);
