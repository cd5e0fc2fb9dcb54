<?php
class Page
{
    public function show(string $path): string
    {
        return "page at " . $path;
    }
}
