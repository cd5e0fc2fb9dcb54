"""Whether a message is in another language than English, as far as its commonest words and letters tell."""

import re
import unicodedata

from devgem.llm.planner.words import words

_FOREIGN = words(
    """bitte meine meinen mein deine ich nicht und ist das wie kann mach zeig zeige lösche starte warum auf für mit den
    dem ein eine einen por favor puedes mi mis el los las una que como cómo está para mostrar muestra despliega
    desplegar reinicia borra aplicación s'il vous plaît veuillez je ne mon ma mes le les des une est pourquoi déployer
    déploie montre supprime redémarre pouvez peux voglio il gli della mio mia perché puoi mostra distribuisci meu
    minha você não uma proszę moja moją jest nie och att jag min mijn het een niet alsjeblieft"""
)
_ENGLISH = words("""the my please deploy of to is and on it show for a me what how why with app""")


def is_foreign(text: str) -> bool:
    """True when most letters are no Latin ones, or several words are of another language and hardly any English."""
    plain = re.sub(r"```.*?```|\S*[/=:@]\S+|\"[^\"]*\"", " ", text[:2000], flags=re.DOTALL)
    letters = [letter for letter in plain if letter.isalpha()]
    latin = sum(1 for letter in letters if unicodedata.name(letter, "").startswith("LATIN"))
    if letters and latin < 0.6 * len(letters):
        return True
    words = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", plain.lower())
    foreign = sum(1 for word in words if word in _FOREIGN)
    return foreign >= 2 and foreign > sum(1 for word in words if word in _ENGLISH)
