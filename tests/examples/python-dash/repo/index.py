from dash import Dash, html

board = Dash(__name__)
server = board.server
board.layout = html.Div("hi")

if __name__ == "__main__":
    board.run(debug=True)
