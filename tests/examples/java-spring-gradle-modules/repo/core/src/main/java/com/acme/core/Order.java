package com.acme.core;

public class Order {
}
