package com.acme;

public class Tool {
    public static void main(String[] args) { }
}
