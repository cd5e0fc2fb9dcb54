<?php

namespace Acme;

final class Greeter
{
    public function greet(): string
    {
        return "greetings from psr-4";
    }
}
