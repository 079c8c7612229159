-- 02_bind.sql - tell persona which tables hold customers and events.
--
-- Nothing is copied and nothing about the shop's tables changes: persona reads
-- them where they are, one customer at a time, over their indexes on
-- (customer_id, at).

\pset tuples_only on
\pset format unaligned

CREATE EXTENSION persona;

\o /dev/null

-- Customers: any table or view with a key. Who has no time zone lives in
-- Berlin's, who has no language is spoken to in English.
SELECT persona.bind_customers('crm.customer', 'id',
    time_zone => 'time_zone',
    language => 'language',
    default_time_zone => 'Europe/Berlin',
    default_language => 'en');

-- Events: any table or view with a customer and a time. Its rows are either all
-- of one kind, or a column says of which.
SELECT persona.bind_events('shop.customer_order', 'customer_id', 'at', kind => 'order');

SELECT persona.bind_events('web.click', 'customer_id', 'at', kind_column => 'kind',
    kinds => '{page_view,product_view,cart_add,cart_remove,cancellation_page}');

SELECT persona.bind_events('crm.subscription_change', 'customer_id', 'at', kind_column => 'change',
    kinds => '{subscribed,upgraded,paused,resumed,cancelled}');

SELECT persona.bind_events('crm.service_case', 'customer_id', 'at', kind_column => 'kind',
    kinds => '{question,complaint,return}');

SELECT persona.bind_events('billing.invoice', 'customer_id', 'at', kind => 'invoice');

\o

SELECT demo.done('customers bound: ' || relation || ' (' || key_column || ')') FROM persona.customer_binding;
SELECT demo.done('events bound: ' || name || ', ' || coalesce(kind, array_to_string(kinds, ', ')))
FROM persona.event_binding WHERE name <> ALL (persona.runtime_tables()) ORDER BY position, name;
