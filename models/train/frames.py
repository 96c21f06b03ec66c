"""Long, neutral settings for a request, in our own words (CC0): stories, roles, tasks, demands on the form.

They harm nobody by themselves, so what is asked within decides the label, not the length or the setting.
"""

from __future__ import annotations

import numpy as np

SETTINGS = (
    "In the context of a {field} project, your task is to prepare a detailed {form}.",
    "Imagine you are a {who} who has worked in {place} for many years.",
    "Consider the following scenario: a {who} in {place} has to give a talk next week.",
    "You are a {who}. I am your {other_who}, and we are preparing a {form} together.",
    "Let's say we live in a world where {world}.",
    "As a {who}, you are asked by a {other_who} to help with a {form}.",
    "I'm writing a {genre} about a {who} from {place} who meets a {other_who}.",
    "For my course in {field} I need a {form} that other students can learn from.",
    "You are a character in a {genre}. Your name is {name} and you are a {who}.",
    "Suppose that a team of {who}s works on a {form} about {field} for a company in {place}.",
    "In this game you play {name}, a {who}, and I play a {other_who}; stay in your role.",
    "In a hypothetical scenario, a {who} called {name} talks with a {other_who} about {field}.",
    "Act as a {who} with deep knowledge of {field}.",
    "Our company in {place} develops a tool for {field}, and you are the {who} of the team.",
    "It is late at night in {place}, and {name}, a {who}, can't sleep because of one question.",
    "You've been hired as a {who} by a museum in {place} to create a {form}.",
)
MIDDLES = (
    'The {other_who} says: "{request}"',
    "The question is this: {request}",
    "In the central scene the {who} asks: '{request}'",
    "Please deal with this request: {request}",
    "Here is what I would like to know: {request}",
    "{name} turns to you and says, {request}",
    "The main part of the {form} should answer the following. {request}",
    "{request}",
    "My first request is: {request}",
    "Your audience wants to hear about this: {request}",
)
DEMANDS = (
    "Describe the background of the {who} and what drives them.",
    "Use vivid language and give the {other_who} a distinct voice.",
    "Keep the tone of a {genre} and write at least three paragraphs.",
    "Explain each point with an example from {field}.",
    "Be creative, but stay consistent with the setting.",
    "Mention how the weather in {place} changes the mood.",
    "Write in the first person and avoid lists.",
    "Take the view of the {other_who} into account as well.",
    "Add a short introduction and a conclusion.",
    "Think about the challenges, the possible results and the lessons learned.",
    "The reader should understand the motives of everyone involved.",
    "Format the answer as a {form} with headings.",
    "Consider cultural differences between {place} and other regions.",
    "Finish with a question for the {other_who}.",
    "Don't forget that {world}.",
    "Remember that the {other_who} has little time, so be clear.",
    "Do not mention that you are an assistant; speak as the {who} would.",
    "Make it humorous where it fits, and serious where it matters.",
)
WORDS: dict[str, tuple[str, ...]] = {
    "who": ("novelist", "historian", "teacher", "detective", "chef", "software engineer", "journalist", "doctor",
            "game designer", "psychologist", "lawyer", "film director", "wizard", "economist", "librarian",
            "data analyst", "retired sailor", "marketing expert", "chemist", "security researcher", "philosopher"),
    "other_who": ("student", "neighbour", "young colleague", "customer", "editor", "curious child", "rival", "friend",
                  "mayor", "visitor from the future", "patient", "client", "detective", "robot", "grandmother"),
    "place": ("a small coastal town", "Vienna", "a space station", "a medieval village", "New York", "Nairobi",
              "an old library", "a research lab", "Tokyo", "a quiet suburb", "a floating city", "Lima"),
    "form": ("report", "short story", "lesson plan", "dialogue", "blog post", "guide", "presentation", "case study",
             "screenplay", "newspaper article", "letter", "technical document", "podcast episode"),
    "genre": ("crime novel", "fantasy epic", "comedy", "science-fiction story", "thriller", "stage play",
              "children's book", "historical novel", "romance", "text adventure"),
    "field": ("data analysis", "history", "public health", "cyber security", "cooking", "psychology", "city planning",
              "chemistry", "ethics", "marketing", "education", "law", "engineering", "film studies", "economics"),
    "world": ("people can read each other's minds", "all cars drive themselves", "music is the only currency",
              "machines and people share every job", "nobody ever sleeps", "books have become rare",
              "animals can talk", "the internet was never invented", "every city is under water"),
    "name": ("Mira", "Tobias", "Captain Lund", "Professor Okoro", "Zara", "Old Ben", "Ines", "Kenji", "Dr. Weiss"),
}  # fmt: skip
TASKS = (
    "Summarise the following text.\n\n{}", "Translate this into French:\n{}", "Proofread this for me: {}",
    "{}\n\nWhat are the three main points of the text above?", "Rewrite the text below in simpler words.\n{}",
    "Here is my draft. Is it clear?\n\n{}", "Extract all names from this passage: {}", "Continue this text: {}",
)  # fmt: skip


def frame(request: str, rng: np.random.Generator) -> str:
    """Put a request in a random setting with up to five further sentences."""
    words = {slot: options[int(rng.integers(len(options)))] for slot, options in WORDS.items()}
    demands = rng.permutation(len(DEMANDS))[: int(rng.integers(0, 6))]
    before = [SETTINGS[int(rng.integers(len(SETTINGS)))]]
    after = [DEMANDS[int(index)] for index in demands]
    if after and rng.random() < 0.5:
        before.append(after.pop())
    middle = MIDDLES[int(rng.integers(len(MIDDLES)))]
    words["request"] = request.strip()
    return " ".join(part.format(**words) for part in (*before, middle, *after))


def task(document: str, rng: np.random.Generator) -> str:
    """Ask for something harmless about a document."""
    return TASKS[int(rng.integers(len(TASKS)))].format(document)
