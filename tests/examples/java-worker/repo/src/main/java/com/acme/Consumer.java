package com.acme;

public final class Consumer {
    public static void main(final String[] args) {
        System.out.println(System.getenv("KAFKA_BROKERS"));
    }
}
