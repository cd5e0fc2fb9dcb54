<?php
require __DIR__ . "/../src/Page.php";
echo (new Page())->show($_SERVER["REQUEST_URI"]);
