-- 03_campaigns.sql - six campaigns, as rows: What, Who, When, Where.
--
-- Read it from top to bottom, or begin at the end, where the campaigns tie the
-- four together. Everything here may be changed by UPDATE at any time; the next
-- query answers accordingly.

\pset tuples_only on
\pset format unaligned

SET timezone = 'Europe/Berlin';  -- where the shop is

BEGIN;

-- ---------------------------------------------------------------------------
-- Who: cohorts. A customer is in one exactly when its condition holds.
-- ---------------------------------------------------------------------------

INSERT INTO persona.cohort (name, description, condition, value) VALUES
('subscriber', 'has a subscription',
 '{"attribute": "plan", "in": ["flex", "classic", "premium"]}', 1.5),

('vip', 'worth a lot, by estimate or by what was bought within a year',
 '{"any": [{"attribute": "clv", "at_least": 600},
           {"event": "order", "sum": "amount", "within": "365 days", "at_least": 1000}]}', 2.5),

('regular', 'bought in five of the last six months',
 '{"event": "order", "every": {"period": "30 days", "of": 6, "at_least": 5}}', 1.5),

('lapsed', 'used to buy, and has not for 120 days',
 '{"all": [{"event": "order", "times": {"at_least": 3}},
           {"event": "order", "last": {"before": "120 days"}}]}', 1),

('upset', 'complained lately, or sent something back',
 '{"any": [{"event": "complaint", "within": "14 days"},
           {"event": "return", "within": "7 days"}]}', 1),

('coffee_lover', 'says so, looks at it, or keeps buying it',
 '{"any": [{"attribute": "profile.interests", "contains_any": ["coffee"]},
           {"event": "product_view", "where": {"attribute": "category", "is": "coffee"}, "within": "30 days", "times": {"at_least": 3}},
           {"event": "order", "where": {"attribute": "category", "is": "coffee"}, "within": "180 days", "times": {"at_least": 3}}]}', 1.2),

('tea_lover', 'says so, looks at it, or keeps buying it',
 '{"any": [{"attribute": "profile.interests", "contains_any": ["tea"]},
           {"event": "product_view", "where": {"attribute": "category", "is": "tea"}, "within": "30 days", "times": {"at_least": 3}},
           {"event": "order", "where": {"attribute": "category", "is": "tea"}, "within": "180 days", "times": {"at_least": 3}}]}', 1.2),

('business', 'writes from the office',
 '{"attribute": "email", "matches": "@(firma|company)\\.example$", "case": "ignore"}', 1);

-- Cohorts of cohorts.
INSERT INTO persona.cohort (name, description, condition, value) VALUES
('at_ease', 'everybody whom advertising would not anger',
 '{"not": {"cohort": "upset"}}', 1),

('birthday_club', 'private customers who have been with us for a month',
 '{"all": [{"cohort": "at_ease"},
           {"not": {"cohort": "business"}},
           {"not": {"attribute": "customer_since", "within_last": "30 days"}}]}', 1),

('win_back_audience', 'lapsed, for no reason that we could not change',
 '{"all": [{"cohort": "lapsed"},
           {"cohort": "at_ease"},
           {"not": {"event": "cancelled", "where": {"attribute": "reason", "is": "moving house"}}}]}', 1.2),

('cross_sell_audience', 'at ease, but for the tenth held out to measure the effect',
 '{"all": [{"cohort": "at_ease"},
           {"bucket": {"seed": "cross-sell", "from": 0.0, "to": 0.9}}]}', 1),

('paper_subscriber', 'subscribers who get their invoice by post',
 '{"all": [{"cohort": "subscriber"},
           {"attribute": "invoice_by", "is": "post"}]}', 1);

SELECT demo.done('cohorts (who)', count(*)) FROM persona.cohort;

-- ---------------------------------------------------------------------------
-- When: triggers. The moment at which one comes true opens a window.
-- ---------------------------------------------------------------------------

INSERT INTO persona.trigger (name, description, condition, open_for) VALUES
('on_cancellation_page', 'stands on the cancellation page, or did so within half an hour',
 '{"event": "cancellation_page", "within": "30 minutes"}', NULL),

('cart_abandoned', 'put something into the cart and did not order it within the hour',
 '{"sequence": [{"event": "cart_add", "as": "cart"},
                {"no": "order", "same": ["item_id"], "for": "1 hour"}],
   "within": "3 days"}', '2 days'),

('birthday', 'from three days before the birthday until two days after it',
 '{"attribute": "birthday", "anniversary_within": ["-2 days", "3 days"]}', NULL),

('stopped_buying', 'the last order is 120 days ago',
 '{"event": "order", "last": {"before": "120 days"}}', '30 days'),

('after_purchase', 'bought something by a single order, and nothing else in the two days after it',
 '{"sequence": [{"event": "order", "as": "purchase", "where": {"attribute": "source", "is": "shop"}},
                {"no": "order", "for": "2 days"}],
   "within": "9 days"}', '7 days'),

('invoice_to_print', 'an invoice goes out by post tonight',
 '{"event": "invoice", "where": {"attribute": "delivery", "is": "post"}, "within": "1 day"}', NULL);

SELECT demo.done('triggers (when)', count(*)) FROM persona.trigger;

-- ---------------------------------------------------------------------------
-- Where: channels and placements
-- ---------------------------------------------------------------------------

INSERT INTO persona.channel (name, description, synchronous, address_column, consent, open_hours, quiet_hours, cost) VALUES
('web', 'the pages of the shop, while the customer is on them', true, NULL,
 '{"any": [{"event": "page_view", "within": "30 minutes"},
           {"event": "product_view", "within": "30 minutes"},
           {"event": "cart_add", "within": "30 minutes"},
           {"event": "cancellation_page", "within": "30 minutes"}]}', NULL, NULL, 0),

('app', 'a push message of the app', false, 'app_token',
 '{"attribute": "push_opt_in", "is": true}', NULL, 'daily 21:00-08:00', 0.01),

('email', 'e-mail', false, 'email',
 '{"attribute": "email_opt_in", "is": true}', NULL, 'daily 22:00-07:00', 0.02),

('sms', 'a text message', false, 'mobile',
 '{"attribute": "sms_opt_in", "is": true}', NULL, 'daily 20:00-09:00; Sun 09:00-20:00', 0.08),

('phone', 'a call by the service team, for those whom it pays to call', true, 'phone',
 '{"all": [{"attribute": "phone_opt_in", "is": true},
           {"attribute": "clv", "at_least": 150}]}', 'Mon-Fri 09:00-18:00; Sat 10:00-14:00', NULL, 4.50),

('letter', 'a printed letter', false, 'street',
 '{"attribute": "letter_opt_in", "is": true}', NULL, NULL, 0.95),

('invoice', 'the envelope of a printed invoice', false, 'street',
 '{"event": "invoice", "where": {"attribute": "delivery", "is": "post"}, "within": "1 day"}', NULL, NULL, 0.05);

INSERT INTO persona.placement (channel, name, description) VALUES
('web', 'cancel_form', 'banner above the cancellation form'),
('web', 'home', 'large picture on the home page'),
('invoice', 'insert', 'leaflet folded into the envelope'),
('invoice', 'footer', 'the last line of the invoice');

SELECT demo.done('channels (where), ' || (SELECT count(*) FROM persona.placement) || ' placements', count(*)) FROM persona.channel;

-- ---------------------------------------------------------------------------
-- What: experiences, and their messages for each channel, variant and language
-- ---------------------------------------------------------------------------

INSERT INTO persona.experience (name, kind, description) VALUES
('cart_reminder', 'content', 'remind of what lies in the cart'),
('reason_to_stay', 'banner', 'answer to the wish to cancel'),
('birthday_gift', 'coupon', 'ten euros for the birthday'),
('come_back', 'offer', 'an offer to those who stopped buying'),
('goes_well_with', 'offer', 'what goes well with the last purchase'),
('thank_you', 'insert', 'an enclosure for loyal subscribers');

-- The banner on the cancellation page: chosen by recent interest and by contract.
INSERT INTO persona.message (name, experience, channel, placement, language, condition, position, subject, body)
SELECT 'stay_' || variant || '_' || language, 'reason_to_stay', 'web', 'cancel_form', language, condition::persona.condition, position, NULL, body
FROM (VALUES
    ('vip', 5, '{"cohort": "vip"}',
     'Bevor Sie gehen, {{customer.first_name}}: Dürfen wir Sie anrufen? Bis dahin ist Ihr Plan kostenlos.',
     'Before you go, {{customer.first_name}}: may we call you? Your plan is free until then.'),
    ('coffee_flex', 10, '{"all": [{"event": "product_view", "where": {"attribute": "category", "is": "coffee"}, "within": "14 days", "times": {"at_least": 2}},
                                  {"attribute": "plan", "is": "flex"}]}',
     'Pausieren statt kündigen, {{customer.first_name}}? Und der nächste Beutel Kaffee geht auf uns.',
     'Take a break instead, {{customer.first_name}}? And the next bag of coffee is on us.'),
    ('coffee_year', 20, '{"all": [{"event": "product_view", "where": {"attribute": "category", "is": "coffee"}, "within": "14 days", "times": {"at_least": 2}},
                                  {"attribute": "plan", "in": ["classic", "premium"]}]}',
     'Bleiben Sie bei Ihrer Röstung, {{customer.first_name}}: das nächste Jahr zum Preis von zehn Monaten.',
     'Stay with your roast, {{customer.first_name}}: the next year for the price of ten months.'),
    ('tea_flex', 30, '{"all": [{"event": "product_view", "where": {"attribute": "category", "is": "tea"}, "within": "14 days", "times": {"at_least": 2}},
                               {"attribute": "plan", "is": "flex"}]}',
     'Abwarten und Tee trinken, {{customer.first_name}}: zwei Monate Pause, und eine Dose Sencha zum Wiedersehen.',
     'Keep calm and pause for two months, {{customer.first_name}}: a tin of Sencha awaits your return.'),
    ('tea_year', 40, '{"all": [{"event": "product_view", "where": {"attribute": "category", "is": "tea"}, "within": "14 days", "times": {"at_least": 2}},
                               {"attribute": "plan", "in": ["classic", "premium"]}]}',
     'Die neue Ernte kommt, {{customer.first_name}}: das nächste Teejahr zum Preis von zehn Monaten.',
     'The new harvest is coming, {{customer.first_name}}: the next year of tea for the price of ten months.'),
    ('any', 90, NULL,
     'Schade, {{customer.first_name}}! Mit {{customer.points}} Punkten auf dem Konto wäre der nächste Monat geschenkt.',
     'A pity, {{customer.first_name}}! With {{customer.points}} points in your account, the next month could be free.')
) AS v (variant, position, condition, de, en),
LATERAL (VALUES ('de', v.de), ('en', v.en)) AS l (language, body);

-- The abandoned cart: on the page, in the app, by e-mail, by text message.
INSERT INTO persona.message (name, experience, channel, placement, language, condition, position, subject, body) VALUES
('cart_web_de', 'cart_reminder', 'web', 'home', 'de', NULL, 50, NULL,
 'Willkommen zurück, {{customer.first_name}}! Noch in Ihrem Warenkorb: {{cart.item}}'),
('cart_web_en', 'cart_reminder', 'web', 'home', 'en', NULL, 50, NULL,
 'Welcome back, {{customer.first_name}}! Still in your cart: {{cart.item}}'),
('cart_app_de', 'cart_reminder', 'app', NULL, 'de', NULL, 50, '{{cart.item}} im Warenkorb',
 'Morgen bei Ihnen, wenn Sie heute bestellen.'),
('cart_app_en', 'cart_reminder', 'app', NULL, 'en', NULL, 50, '{{cart.item}} in your cart',
 'With you tomorrow if you order today.'),
('cart_email_machine_de', 'cart_reminder', 'email', NULL, 'de',
 '{"event": "cart_add", "last": {"where": {"attribute": "category", "is": "machines"}}}', 10,
 'Fragen zu {{cart.item}}?',
 '{{customer.salutation}},

{{cart.item}} will gut gewählt sein. Unsere Baristas beraten Sie gern:
antworten Sie einfach auf diese E-Mail. Ihr Warenkorb bleibt so lange stehen.

Ihr Team von Kessel & Kanne'),
('cart_email_machine_en', 'cart_reminder', 'email', NULL, 'en',
 '{"event": "cart_add", "last": {"where": {"attribute": "category", "is": "machines"}}}', 10,
 'Any questions about the {{cart.item}}?',
 '{{customer.salutation}},

The {{cart.item}} deserves some thought. Our baristas are glad to help:
just reply to this e-mail. We keep your cart for you in the meantime.

Your team at Kessel & Kanne'),
('cart_email_de', 'cart_reminder', 'email', NULL, 'de', NULL, 50,
 'Noch im Warenkorb: {{cart.item}}',
 '{{customer.salutation}},

Sie haben {{cart.item}} in den Warenkorb gelegt und dann etwas Besseres vorgehabt.
Kein Problem: Ihr Warenkorb steht noch da, und ab 30 Euro liefern wir ohne Versandkosten.

Ihr Team von Kessel & Kanne'),
('cart_email_en', 'cart_reminder', 'email', NULL, 'en', NULL, 50,
 'Still in your cart: {{cart.item}}',
 '{{customer.salutation}},

You put {{cart.item}} into your cart, and then had better things to do.
No problem: we keep it for you, and from 30 euros on we ship for free.

Your team at Kessel & Kanne'),
('cart_sms_de', 'cart_reminder', 'sms', NULL, 'de', NULL, 50, NULL,
 'Kessel & Kanne: noch in Ihrem Warenkorb: {{cart.item}}'),
('cart_sms_en', 'cart_reminder', 'sms', NULL, 'en', NULL, 50, NULL,
 'Kessel & Kanne: still in your cart: {{cart.item}}'),

-- The birthday.
('birthday_email_de', 'birthday_gift', 'email', NULL, 'de', NULL, 50,
 'Zum Geburtstag: 10 Euro für Sie',
 '{{customer.salutation}},

alles Gute zum Geburtstag! Unser Geschenk sind 10 Euro auf alles, was Ihnen schmeckt.
Ihr Gutschein: KANNE-{{customer.id}}

Ihr Team von Kessel & Kanne'),
('birthday_email_en', 'birthday_gift', 'email', NULL, 'en', NULL, 50,
 'For your birthday: 10 euros from us',
 '{{customer.salutation}},

Many happy returns! Our present: 10 euros off whatever you like best.
Your coupon: KANNE-{{customer.id}}

Your team at Kessel & Kanne'),
('birthday_app_de', 'birthday_gift', 'app', NULL, 'de', NULL, 50, 'Alles Gute, {{customer.first_name}}!',
 '10 Euro zum Geburtstag, Gutschein KANNE-{{customer.id}}'),
('birthday_app_en', 'birthday_gift', 'app', NULL, 'en', NULL, 50, 'Happy birthday, {{customer.first_name}}!',
 '10 euros for your birthday, coupon KANNE-{{customer.id}}'),
('birthday_letter_de', 'birthday_gift', 'letter', NULL, 'de', NULL, 50, 'Ein kleines Geschenk zum Geburtstag',
 '{{customer.salutation}},

wir wünschen Ihnen ein Lebensjahr voller guter Tassen und legen 10 Euro dazu:
KANNE-{{customer.id}}, einzulösen im Laden und im Netz.

Mit herzlichen Grüßen
Kessel & Kanne'),
('birthday_letter_en', 'birthday_gift', 'letter', NULL, 'en', NULL, 50, 'A small present for your birthday',
 '{{customer.salutation}},

We wish you a year of good cups, and enclose 10 euros:
KANNE-{{customer.id}}, valid in the shop and online.

Kind regards
Kessel & Kanne'),

-- Win-back.
('back_phone_de', 'come_back', 'phone', NULL, 'de', NULL, 50, 'Rückruf: {{customer.first_name}} {{customer.last_name}}',
 'Fragen, was gefehlt hat; zuhören. Angebot: Probierpaket ohne Kosten, ohne Bindung.'),
('back_phone_en', 'come_back', 'phone', NULL, 'en', NULL, 50, 'Call back: {{customer.first_name}} {{customer.last_name}}',
 'Ask what was missing; listen. Offer: a tasting box, free and without obligation.'),
('back_email_price_de', 'come_back', 'email', NULL, 'de', '{"attribute": "tags", "contains_any": ["price_sensitive"]}', 10,
 '20 % auf Ihre nächste Bestellung',
 '{{customer.salutation}},

lange nichts gehört! Mit dem Code WIEDER20 ist Ihre nächste Bestellung um ein Fünftel günstiger.

Ihr Team von Kessel & Kanne'),
('back_email_price_en', 'come_back', 'email', NULL, 'en', '{"attribute": "tags", "contains_any": ["price_sensitive"]}', 10,
 '20 % off your next order',
 '{{customer.salutation}},

It has been a while! The code AGAIN20 takes a fifth off your next order.

Your team at Kessel & Kanne'),
('back_email_de', 'come_back', 'email', NULL, 'de', NULL, 50,
 'Was es Neues gibt, {{customer.first_name}}',
 '{{customer.salutation}},

seit Ihrem letzten Besuch sind vier Röstungen und drei Tees dazugekommen.
Ein Probierpaket legen wir Ihrer nächsten Bestellung bei.

Ihr Team von Kessel & Kanne'),
('back_email_en', 'come_back', 'email', NULL, 'en', NULL, 50,
 'What is new, {{customer.first_name}}',
 '{{customer.salutation}},

Since your last visit, four roasts and three teas have joined us.
We shall add a tasting box to your next order.

Your team at Kessel & Kanne'),
('back_letter_de', 'come_back', 'letter', NULL, 'de', NULL, 50, 'Wir haben Sie vermisst',
 '{{customer.salutation}},

Ihr letztes Päckchen ist lange her. Beiliegend eine Karte für ein Probierpaket.

Mit herzlichen Grüßen
Kessel & Kanne'),
('back_letter_en', 'come_back', 'letter', NULL, 'en', NULL, 50, 'We have missed you',
 '{{customer.salutation}},

It is long since your last parcel. Please find enclosed a card for a tasting box.

Kind regards
Kessel & Kanne'),

-- Cross-sell after a purchase: the variant follows what was bought last.
('with_machine_email_de', 'goes_well_with', 'email', NULL, 'de',
 '{"event": "order", "last": {"where": {"attribute": "category", "is": "machines"}}}', 10,
 'Gutes für {{purchase.item}}',
 '{{customer.salutation}},

viel Freude mit {{purchase.item}}! Frische Bohnen, Entkalker und eine gute Waage machen sie noch größer.

Ihr Team von Kessel & Kanne'),
('with_machine_email_en', 'goes_well_with', 'email', NULL, 'en',
 '{"event": "order", "last": {"where": {"attribute": "category", "is": "machines"}}}', 10,
 'Good things for your {{purchase.item}}',
 '{{customer.salutation}},

Enjoy your {{purchase.item}}! Fresh beans, descaler and a good scale make it better still.

Your team at Kessel & Kanne'),
('with_coffee_email_de', 'goes_well_with', 'email', NULL, 'de',
 '{"event": "order", "last": {"where": {"attribute": "category", "is": "coffee"}}}', 20,
 'Frisch gemahlen noch besser: {{purchase.item}}',
 '{{customer.salutation}},

zu {{purchase.item}} empfehlen wir die Handmühle Mühlbach, für Sie 15 Euro günstiger.

Ihr Team von Kessel & Kanne'),
('with_coffee_email_en', 'goes_well_with', 'email', NULL, 'en',
 '{"event": "order", "last": {"where": {"attribute": "category", "is": "coffee"}}}', 20,
 'Even better when freshly ground: {{purchase.item}}',
 '{{customer.salutation}},

With {{purchase.item}} we recommend the Mühlbach hand grinder, 15 euros off for you.

Your team at Kessel & Kanne'),
('with_tea_email_de', 'goes_well_with', 'email', NULL, 'de',
 '{"event": "order", "last": {"where": {"attribute": "category", "is": "tea"}}}', 30,
 'Eine Kanne für {{purchase.item}}',
 '{{customer.salutation}},

{{purchase.item}} zieht am liebsten in Gusseisen: die Teekanne, für Sie 10 Euro günstiger.

Ihr Team von Kessel & Kanne'),
('with_tea_email_en', 'goes_well_with', 'email', NULL, 'en',
 '{"event": "order", "last": {"where": {"attribute": "category", "is": "tea"}}}', 30,
 'A pot for your {{purchase.item}}',
 '{{customer.salutation}},

{{purchase.item}} likes cast iron best: the teapot, 10 euros off for you.

Your team at Kessel & Kanne'),
('with_any_email_de', 'goes_well_with', 'email', NULL, 'de', NULL, 50,
 'Passt zu {{purchase.item}}',
 '{{customer.salutation}},

andere, die {{purchase.item}} gekauft haben, tranken dazu unseren Ostfriesen Blend.

Ihr Team von Kessel & Kanne'),
('with_any_email_en', 'goes_well_with', 'email', NULL, 'en', NULL, 50,
 'Goes well with {{purchase.item}}',
 '{{customer.salutation}},

Others who bought {{purchase.item}} liked our Ostfriesen Blend with it.

Your team at Kessel & Kanne'),
('with_app_de', 'goes_well_with', 'app', NULL, 'de', NULL, 50, 'Passt zu {{purchase.item}}',
 'Drei Dinge, die Sie noch nicht haben.'),
('with_app_en', 'goes_well_with', 'app', NULL, 'en', NULL, 50, 'Goes well with {{purchase.item}}',
 'Three things that you do not have yet.'),
('with_sms_de', 'goes_well_with', 'sms', NULL, 'de', NULL, 50, NULL,
 'Kessel & Kanne: 10 Euro Rabatt auf alles, was zu {{purchase.item}} passt, noch bis Sonntag.'),
('with_sms_en', 'goes_well_with', 'sms', NULL, 'en', NULL, 50, NULL,
 'Kessel & Kanne: 10 euros off anything that goes well with {{purchase.item}}, until Sunday.'),

-- In the envelope of the invoice.
('thanks_chocolate_de', 'thank_you', 'invoice', 'insert', 'de', '{"cohort": "regular"}', 10, 'Eine Tafel für Sie',
 '{{customer.salutation}}, weil Sie uns Monat für Monat treu sind: eine Tafel Madagaskar 72 %.'),
('thanks_chocolate_en', 'thank_you', 'invoice', 'insert', 'en', '{"cohort": "regular"}', 10, 'A bar of chocolate for you',
 '{{customer.salutation}}, because you are with us month after month: a bar of Madagaskar 72 %.'),
('thanks_insert_de', 'thank_you', 'invoice', 'insert', 'de', '{"attribute": "plan", "is": "flex"}', 50, 'Ein Jahr Kaffee, zehn Monate zahlen',
 '{{customer.salutation}}, mit dem Jahresplan Classic sparen Sie zwei Monate. Die Karte liegt bei.'),
('thanks_insert_en', 'thank_you', 'invoice', 'insert', 'en', '{"attribute": "plan", "is": "flex"}', 50, 'A year of coffee for ten months',
 '{{customer.salutation}}, the Classic plan saves you two months a year. Please find the card enclosed.'),
('thanks_footer_de', 'thank_you', 'invoice', 'footer', 'de', NULL, 50, NULL,
 'Danke für Ihre Treue: {{customer.points}} Punkte warten auf Ihrem Konto.'),
('thanks_footer_en', 'thank_you', 'invoice', 'footer', 'en', NULL, 50, NULL,
 'Thank you for your loyalty: {{customer.points}} points are waiting in your account.');

SELECT demo.done('messages (what) of ' || (SELECT count(*) FROM persona.experience) || ' experiences, in German and English', count(*)) FROM persona.message;

-- ---------------------------------------------------------------------------
-- Campaigns tie them together
-- ---------------------------------------------------------------------------

INSERT INTO persona.campaign (name, description, experience, cohort, trigger, goal, relevance, starts_at, ends_at,
                              priority, value, weight, max_contacts, max_contacts_within) VALUES
('stay_banner', 'A customer on the cancellation page is shown a banner, chosen by recent interest and contract',
 'reason_to_stay', 'subscriber', 'on_cancellation_page',
 NULL,
 -- who has cancelled in the meantime is not to be held up
 '{"not": {"event": "cancelled", "within": "1 day"}}',
 NULL, NULL, 100, 25, 1, 3, '30 days'),

('abandoned_cart', 'Remind of the cart; never of something that was bought or taken out since',
 'cart_reminder', 'at_ease', 'cart_abandoned',
 '{"sequence": [{"event": "cart_add"}, {"event": "order", "same": ["item_id"]}], "within": "3 days"}',
 '{"not": {"sequence": [{"event": "cart_add"}, {"event": "cart_remove", "same": ["item_id"]}], "within": "3 days"}}',
 NULL, NULL, 60, 12, 1, 2, '14 days'),

('birthday_coupon', 'Ten euros for the birthday',
 'birthday_gift', 'birthday_club', 'birthday',
 NULL, NULL,
 NULL, NULL, 60, 8, 1, 1, '300 days'),

('win_back', 'Bring back those who stopped buying',
 'come_back', 'win_back_audience', 'stopped_buying',
 '{"event": "order", "within": "120 days"}',
 NULL,
 date_trunc('day', now()) - interval '90 days', date_trunc('day', now()) + interval '60 days', 40, 14, 1, 2, '180 days'),

('cross_sell', 'What goes well with the last purchase',
 'goes_well_with', 'cross_sell_audience', 'after_purchase',
 NULL,
 -- not to somebody who is about to leave
 '{"not": {"event": "cancellation_page", "within": "7 days"}}',
 NULL, NULL, 40, 6, 1.5, 1, '14 days'),

('invoice_insert', 'Something nice in the envelope of the invoice',
 'thank_you', 'paper_subscriber', 'invoice_to_print',
 NULL, NULL,
 NULL, NULL, 10, 2, 1, 1, '80 days');

-- Where each may speak, first choice first.
INSERT INTO persona.campaign_channel (campaign, position, channel, placement) VALUES
('stay_banner', 1, 'web', 'cancel_form'),
('abandoned_cart', 1, 'web', 'home'),
('abandoned_cart', 2, 'app', NULL),
('abandoned_cart', 3, 'email', NULL),
('abandoned_cart', 4, 'sms', NULL),
('birthday_coupon', 1, 'email', NULL),
('birthday_coupon', 2, 'app', NULL),
('birthday_coupon', 3, 'letter', NULL),
('win_back', 1, 'phone', NULL),
('win_back', 2, 'email', NULL),
('win_back', 3, 'letter', NULL),
('cross_sell', 1, 'email', NULL),
('cross_sell', 2, 'app', NULL),
('cross_sell', 3, 'sms', NULL),
('invoice_insert', 1, 'invoice', 'insert'),
('invoice_insert', 2, 'invoice', 'footer');

-- Limits across campaigns.
INSERT INTO persona.policy (name, description, channel, max_contacts, period) VALUES
('calm_week', 'nobody hears from us more than three times a week', NULL, 3, '7 days'),
('email_pause', 'two days between e-mails', 'email', 1, '2 days'),
('few_texts', 'two text messages a month', 'sms', 2, '30 days'),
('rare_calls', 'one call in three months', 'phone', 1, '90 days'),
('rare_letters', 'two letters in three months', 'letter', 2, '90 days');

SELECT demo.done('campaigns, with ' || (SELECT count(*) FROM persona.policy) || ' policies that limit them', count(*)) FROM persona.campaign;

COMMIT;

-- ---------------------------------------------------------------------------
-- History: a pilot ran with a quarter of the customers during the last month.
-- What it sent is what persona decides for those days: the answer to a question
-- about the past is the answer that was right then.
-- ---------------------------------------------------------------------------

SELECT format($$
    INSERT INTO persona.contact (customer, campaign, experience, channel, placement, message, trigger, fired_at, status,
                                 decided_at, send_at, subject, body, priority, score, reason, program)
    SELECT m.customer, m.campaign, m.experience, m.channel, m.placement, m.message, m.trigger, m.fired_at,
           CASE WHEN m.send_at > now() THEN 'planned'
                WHEN demo.u(m.customer, 201) < 0.05 THEN 'failed'
                WHEN demo.u(m.customer, 201) < 0.30 THEN 'sent'
                ELSE 'delivered' END,
           %1$L, m.send_at, m.subject, m.body, m.priority, m.score, m.reason, persona.program_hash(persona.program())
    FROM persona.next_message_at(%1$L) AS m
    WHERE mod(m.customer, 4) = 0$$, now() - days * interval '1 day'),
    format($$SELECT demo.done('past contacts, up to %s days ago', count(*)) FROM persona.contact$$, days)
FROM generate_series(27, 2, -5) AS days \gexec

ANALYZE persona.contact;
