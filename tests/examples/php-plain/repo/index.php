<?php
$name = getenv("NAME") ?: "world";
echo "<h1>hello $name from php</h1>";
