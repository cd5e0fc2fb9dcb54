import streamlit as st

import charts

st.set_page_config(page_title="Sales")
charts.draw()
