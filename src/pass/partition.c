/*
 * partition.c - lays the events of a partition beside their customers.
 *
 * A hash table over the partition's customers gives each distinct key a number;
 * one look-up for each event, and a counting sort by that number, bring the
 * events of each customer together.  All of that happens in the caches.  A
 * customer who has two rows gets two answers, from the same events.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "pass/parts.h"
#include "utils/memutils.h"

#define NOBODY PG_UINT32_MAX

typedef struct Partition
{
	PersonaPass *pass;
	uint32		customer_count;
	CustomerRecord **customers;
	uint32	   *number_of;		/* by customer: of the key, or NOBODY */
	uint32		key_count;
	CustomerRecord **key_owners;	/* by number: the first customer with that key */
	uint32		table_size;
	uint32	   *table;			/* by hash: number + 1 */
	uint32	   *begins;			/* by number: where its events begin */
	EventRecord **events;
} Partition;

/* Returns the key that a customer's record carries. */
static const Piece *
customer_key(const Partition *partition, const CustomerRecord *customer)
{
	return persona_pieces(partition->pass->parts, customer);
}

/* Finds the place of a key in the table: that of its number, or a free one. */
static inline uint32
find_place(const Partition *partition, uint64 code, const char *bytes, Size length)
{
	const PersonaCustomerKeys *keys = &partition->pass->parts->keys;
	uint32		place = (uint32) code & (partition->table_size - 1);

	for (; partition->table[place] != 0; place = (place + 1) & (partition->table_size - 1))
	{
		const CustomerRecord *owner = partition->key_owners[partition->table[place] - 1];

		if (owner->code != code)
			continue;
		if (keys->kind == PERSONA_KEY_INTEGER)
			break;
		else
		{
			const Piece *key = customer_key(partition, owner);

			/* All keys that can't be hashed have one code: a long way. */
			if (!keys->hashable)
				CHECK_FOR_INTERRUPTS();
			if (persona_key_same(keys, key->bytes, key->length, bytes, length))
				break;
		}
	}
	return place;
}

/* Numbers the keys of the customers. */
static void
number_keys(Partition *partition)
{
	bool		integer = partition->pass->parts->keys.kind == PERSONA_KEY_INTEGER;

	partition->number_of = palloc_extended(sizeof(uint32) * (partition->customer_count + 1), MCXT_ALLOC_HUGE);
	partition->key_owners = palloc_extended(sizeof(CustomerRecord *) * (partition->customer_count + 1), MCXT_ALLOC_HUGE);
	partition->table_size = 64;
	while (partition->table_size < partition->customer_count * 2)
		partition->table_size *= 2;
	partition->table = palloc_extended(sizeof(uint32) * partition->table_size, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (uint32 c = 0; c < partition->customer_count; c++)
	{
		CustomerRecord *customer = partition->customers[c];
		const Piece *key = integer ? NULL : customer_key(partition, customer);
		uint32		place;

		partition->number_of[c] = NOBODY;
		if (customer->flags & CUSTOMER_WITHOUT_KEY)
			continue;
		place = find_place(partition, customer->code, integer ? NULL : key->bytes, integer ? 0 : key->length);
		if (partition->table[place] == 0)
		{
			partition->key_owners[partition->key_count] = customer;
			partition->table[place] = ++partition->key_count;
		}
		partition->number_of[c] = partition->table[place] - 1;
	}
}

/* Returns the key that an event carries. */
static const Piece *
event_key(const PersonaPass *pass, const EventRecord *event)
{
	const PersonaClass *class = &pass->parts->classes[event->class];
	const char *position = (const char *) (event + 1);

	if (class->sum_count > 0)
		position += sizeof(int64) * class->slot_count;
	return (const Piece *) position;
}

/* Goes over the records of stretches. */
#define FOR_EACH_RECORD(type, record, input) \
	for (int stretch_ = 0; stretch_ < (input)->count; stretch_++) \
		for (type *record = (type *) (input)->stretches[stretch_].begin; \
			 (const char *) record < (input)->stretches[stretch_].end; \
			 record = (type *) ((char *) record + record->size))

/* Lists the customers of a partition. */
static void
list_customers(Partition *partition, const PartitionInput *input, int writers)
{
	Size		bytes = 0;
	Size		room;

	for (int w = 0; w < writers; w++)
		for (int s = 0; s < input[w].count; s++)
			bytes += input[w].stretches[s].end - input[w].stretches[s].begin;
	room = bytes / (Size) persona_pieces(partition->pass->parts, NULL) + 1;
	partition->customers = palloc_extended(sizeof(CustomerRecord *) * room, MCXT_ALLOC_HUGE);
	for (int w = 0; w < writers; w++)
		FOR_EACH_RECORD(CustomerRecord, customer, &input[w])
			partition->customers[partition->customer_count++] = customer;
}

/* Brings the events of each key together. */
static void
gather_events(Partition *partition, const PartitionInput *input, int writers)
{
	bool		integer = partition->pass->parts->keys.kind == PERSONA_KEY_INTEGER;
	Size		bytes = 0;
	uint32	   *numbers;		/* by event: of its key, or NOBODY */
	uint32		count = 0;
	uint32		sum = 0;

	for (int w = 0; w < writers; w++)
		for (int s = 0; s < input[w].count; s++)
			bytes += input[w].stretches[s].end - input[w].stretches[s].begin;
	if (bytes / sizeof(EventRecord) >= PG_UINT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many events of customers whose keys have one hash")));
	numbers = palloc_extended(bytes / sizeof(EventRecord) * sizeof(uint32) + 1, MCXT_ALLOC_HUGE);
	/* Where the events of a number end, and after the second round where they begin. */
	partition->begins = palloc_extended(sizeof(uint32) * (partition->key_count + 2), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int w = 0; w < writers; w++)
		FOR_EACH_RECORD(EventRecord, event, &input[w])
		{
			const Piece *key;
			uint32		place;

			event->class += input[w].first_class;
			key = integer ? NULL : event_key(partition->pass, event);
			place = find_place(partition, event->code, integer ? NULL : key->bytes, integer ? 0 : key->length);
			numbers[count] = partition->table[place] == 0 ? NOBODY : partition->table[place] - 1;
			if (numbers[count] != NOBODY)
				partition->begins[numbers[count]]++;
			count++;
		}
	for (uint32 n = 0; n <= partition->key_count; n++)
	{
		sum += partition->begins[n];
		partition->begins[n] = sum;
	}
	partition->events = palloc_extended(sizeof(EventRecord *) * (sum + 1), MCXT_ALLOC_HUGE);
	count = 0;
	for (int w = 0; w < writers; w++)
		FOR_EACH_RECORD(EventRecord, event, &input[w])
		{
			uint32		number = numbers[count++];

			if (number != NOBODY)
				partition->events[--partition->begins[number]] = event;
		}
}

/* Evaluates the customers of a partition, block by block. */
static void
evaluate_blocks(Partition *partition)
{
	PersonaLane lanes[PERSONA_TOGETHER];
	int			count = 0;

	for (uint32 c = 0; c < partition->customer_count; c++)
	{
		PersonaLane *lane = &lanes[count++];
		uint32		number = partition->number_of[c];

		memset(lane, 0, sizeof(PersonaLane));
		lane->customer = partition->customers[c];
		lane->record_count = -1;
		if (number != NOBODY)
		{
			lane->events = partition->events + partition->begins[number];
			lane->event_count = partition->begins[number + 1] - partition->begins[number];
		}
		if (count == partition->pass->parts->together || c + 1 == partition->customer_count)
		{
			persona_pass_evaluate(partition->pass, lanes, count);
			count = 0;
		}
	}
}

/* Brings the customers and the events of a partition together. */
void
persona_pass_partition(PersonaPass *pass, const PartitionInput *customers, const PartitionInput *events,
					   int writers)
{
	Partition	partition = {.pass = pass};

	list_customers(&partition, customers, writers);
	if (partition.customer_count == 0)
		return;
	number_keys(&partition);
	gather_events(&partition, events, writers);
	evaluate_blocks(&partition);
}
