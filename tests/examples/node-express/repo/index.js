const express = require("express");

const app = express();
const port = process.env.PORT || 4000;

app.get("/", (request, response) => response.send("Hello from express"));

app.listen(port);
