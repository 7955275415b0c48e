"""Names of emoji: what stands between two colons in a text, for the commonest."""

_NAMES = """
smile 😄 smiley 😃 grin 😁 grinning 😀 joy 😂 rofl 🤣 laughing 😆 sweat_smile 😅 slightly_smiling_face 🙂 upside_down 🙃
wink 😉 blush 😊 innocent 😇 heart_eyes 😍 star_struck 🤩 kissing_heart 😘 yum 😋 stuck_out_tongue 😛 zany_face 🤪
hugs 🤗 shushing_face 🤫 thinking 🤔 neutral_face 😐 expressionless 😑 no_mouth 😶 smirk 😏 unamused 😒 roll_eyes 🙄
grimacing 😬 relieved 😌 pensive 😔 sleepy 😪 sleeping 😴 mask 😷 nauseated_face 🤢 sneezing_face 🤧 dizzy_face 😵
exploding_head 🤯 cowboy_hat_face 🤠 partying_face 🥳 sunglasses 😎 nerd_face 🤓 confused 😕 worried 😟 open_mouth 😮
astonished 😲 flushed 😳 pleading_face 🥺 fearful 😨 cold_sweat 😰 cry 😢 sob 😭 scream 😱 disappointed 😞 sweat 😓
weary 😩 tired_face 😫 yawning_face 🥱 triumph 😤 rage 😡 angry 😠 smiling_imp 😈 skull 💀 poop 💩 clown_face 🤡
ghost 👻 alien 👽 robot 🤖 see_no_evil 🙈 hear_no_evil 🙉 speak_no_evil 🙊 wave 👋 ok_hand 👌 v ✌️ crossed_fingers 🤞
metal 🤘 call_me_hand 🤙 point_left 👈 point_right 👉 point_up ☝️ point_down 👇 +1 👍 thumbsup 👍 -1 👎 thumbsdown 👎
fist ✊ facepunch 👊 clap 👏 raised_hands 🙌 open_hands 👐 handshake 🤝 pray 🙏 writing_hand ✍️ muscle 💪 eyes 👀
brain 🧠 facepalm 🤦 shrug 🤷 bow 🙇 running 🏃 dancer 💃 heart ❤️ orange_heart 🧡 yellow_heart 💛 green_heart 💚
blue_heart 💙 purple_heart 💜 black_heart 🖤 white_heart 🤍 broken_heart 💔 two_hearts 💕 sparkling_heart 💖 100 💯
boom 💥 zzz 💤 speech_balloon 💬 thought_balloon 💭 fire 🔥 sparkles ✨ star ⭐ zap ⚡ rainbow 🌈 sunny ☀️ cloud ☁️
umbrella ☔ snowflake ❄️ snowman ⛄ ocean 🌊 earth_africa 🌍 moon 🌔 cat 🐱 dog 🐶 mouse 🐭 rabbit 🐰 fox_face 🦊 bear 🐻
panda_face 🐼 tiger 🐯 lion 🦁 cow 🐮 pig 🐷 frog 🐸 monkey 🐒 chicken 🐔 penguin 🐧 bird 🐦 owl 🦉 unicorn 🦄 bee 🐝
bug 🐛 butterfly 🦋 snail 🐌 turtle 🐢 snake 🐍 octopus 🐙 fish 🐟 whale 🐳 dolphin 🐬 elephant 🐘 bouquet 💐 rose 🌹
sunflower 🌻 tulip 🌷 seedling 🌱 evergreen_tree 🌲 cactus 🌵 four_leaf_clover 🍀 apple 🍎 banana 🍌 lemon 🍋 grapes 🍇
strawberry 🍓 cherries 🍒 avocado 🥑 bread 🍞 cheese 🧀 hamburger 🍔 fries 🍟 pizza 🍕 taco 🌮 sushi 🍣 cake 🍰
birthday 🎂 cookie 🍪 chocolate_bar 🍫 icecream 🍦 coffee ☕ tea 🍵 beer 🍺 beers 🍻 wine_glass 🍷 champagne 🍾
cocktail 🍸 car 🚗 bus 🚌 bike 🚲 train 🚆 airplane ✈️ rocket 🚀 anchor ⚓ house 🏠 tent ⛺ watch ⌚ hourglass ⌛
alarm_clock ⏰
tada 🎉 balloon 🎈 gift 🎁 trophy 🏆 medal_sports 🏅 soccer ⚽ basketball 🏀 tennis 🎾 dart 🎯 video_game 🎮 game_die 🎲
art 🎨 guitar 🎸 musical_note 🎵 headphones 🎧 microphone 🎤 movie_camera 🎥 camera 📷 tv 📺 computer 💻 keyboard ⌨️
phone ☎️ iphone 📱 battery 🔋 bulb 💡 flashlight 🔦 book 📖 books 📚 memo 📝 pencil2 ✏️ newspaper 📰 calendar 📆
chart_with_upwards_trend 📈 clipboard 📋 pushpin 📌 paperclip 📎 scissors ✂️ lock 🔒 unlock 🔓 key 🔑 hammer 🔨 wrench 🔧
gear ⚙️ link 🔗 mag 🔍 bell 🔔 loudspeaker 📢 email 📧 package 📦 money_with_wings 💸 gem 💎 crown 👑 warning ⚠️
no_entry ⛔ white_check_mark ✅ heavy_check_mark ✔️ x ❌ question ❓ exclamation ❗ recycle ♻️ checkered_flag 🏁
"""
_WORDS = _NAMES.split()

EMOJI = dict(zip(_WORDS[::2], _WORDS[1::2], strict=True))
