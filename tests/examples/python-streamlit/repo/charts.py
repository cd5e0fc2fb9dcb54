import streamlit as st


def draw():
    st.write(1)
