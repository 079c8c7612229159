/*
 * price.c - shadow prices of scarce resources, exactly.
 *
 * Three steps, each of which goes on where the one before it stopped.
 *
 * 1. Prices are approached: one resource after the other gets the lowest price
 *    at which no more askers prefer it than it has room for, the others' prices
 *    being what they are: descent of the convex dual problem, coordinate by
 *    coordinate (Bertsekas 1988, "The auction algorithm").  One resource is done
 *    after one step.  Several that are alike bid each other up in small steps,
 *    so each round is followed by leaps in its direction, while the dual value
 *    falls (Hooke and Jeeves 1961, "Direct search"); it stops after some rounds.
 * 2. Each asker sits at its choice; whoever is too many is moved along the
 *    cheapest chain of moves, and room that is left is filled while that pays: successive shortest paths of the flow problem.
 *    There are few resources and many askers, so the graph is that of the
 *    resources, and a heap for each pair of them knows who moves cheapest
 *    (Tokuyama and Nakano 1995, "Efficient algorithms for the Hitchcock
 *    transportation problem"; Ahuja, Magnanti and Orlin 1993, "Network flows",
 *    chapter 9).  The result is the optimum.
 * 3. The prices that support it are all that keep the inequalities "no move
 *    pays"; these are differences of two prices, so shortest paths yield the
 *    corners of that set, and their mean lies inside of it.  There each asker
 *    prefers its place strictly, as far as ties have been broken.
 *
 * Node 0 is "no resource", which always has room; resource r is node r + 1.
 */
#include "core/price.h"

#include <string.h>

#define MOST_NODES (PCORE_MOST_RESOURCES + 1)
#define MOST_ROUNDS 10
#define FAR ((PcoreWorth) 1 << 124)

/* Askers at one node, the one who moves cheapest to another node first. */
typedef struct Heap
{
	int			count;
	int			room;
	int		   *askers;
} Heap;

typedef struct Flow
{
	const PcoreMarket *market;
	int			nodes;
	int		   *place;			/* by asker: its node */
	int64_t		load[MOST_NODES];
	Heap	   *heaps;			/* by pair of nodes */
	PcoreWorth	arcs[MOST_NODES][MOST_NODES];	/* cheapest move, or FAR */
} Flow;

/* Joins millionths and a tie. */
PcoreWorth
pcore_worth(int64_t millionths, uint64_t tie)
{
	if (millionths > PCORE_MOST_MILLIONTHS)
		millionths = PCORE_MOST_MILLIONTHS;
	if (millionths < -PCORE_MOST_MILLIONTHS)
		millionths = -PCORE_MOST_MILLIONTHS;
	return (PcoreWorth) millionths * ((PcoreWorth) 1 << PCORE_TIE_BITS) + (PcoreWorth) tie;
}

/* Returns the tie of a key on a resource. */
uint64_t
pcore_tie(const char *resource, const char *key)
{
	uint64_t	hash = UINT64_C(0xcbf29ce484222325);

	for (const char *byte = resource; *byte != '\0'; byte++)
		hash = (hash ^ (unsigned char) *byte) * UINT64_C(0x100000001b3);
	hash = hash * UINT64_C(0x100000001b3);
	for (const char *byte = key; *byte != '\0'; byte++)
		hash = (hash ^ (unsigned char) *byte) * UINT64_C(0x100000001b3);
	hash = (hash ^ (hash >> 33)) * UINT64_C(0xff51afd7ed558ccd);
	hash = (hash ^ (hash >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
	hash = (hash ^ (hash >> 33)) >> 24;
	return (hash == 0 ? 1 : hash) << (PCORE_TIE_BITS - 40);
}

/* Returns the worth of an option. */
static PcoreWorth
option_worth(const PcoreOption *option)
{
	return pcore_worth(option->millionths, option->tie);
}

/* Returns what an asker has at a node; false if it can't be there. */
static bool
worth_at(const PcoreMarket *market, int asker, int node, PcoreWorth *worth)
{
	if (node == 0)
	{
		*worth = market->otherwise[asker];
		return true;
	}
	for (int64_t o = market->first[asker]; o < market->first[asker + 1]; o++)
		if (market->options[o].resource == node - 1)
		{
			*worth = option_worth(&market->options[o]);
			return true;
		}
	return false;
}

/*
 * Returns the most that an asker can have at these prices, one resource (-1:
 * none) left out, and the resource of it (-1: none).
 */
static PcoreWorth
best_of(const PcoreMarket *market, const PcoreWorth *prices, int asker, int without, int *choice)
{
	PcoreWorth	best = market->otherwise[asker];

	*choice = -1;
	for (int64_t o = market->first[asker]; o < market->first[asker + 1]; o++)
	{
		const PcoreOption *option = &market->options[o];
		PcoreWorth	net = option_worth(option) - prices[option->resource];

		if (option->resource != without && net > best)
		{
			best = net;
			*choice = option->resource;
		}
	}
	return best;
}

/* Returns the resource that an asker takes at these prices, or -1. */
int
pcore_market_choice(const PcoreMarket *market, const PcoreWorth *prices, int asker)
{
	int			choice;

	(void) best_of(market, prices, asker, -1, &choice);
	return choice;
}

/* ---- 1. prices are approached ---- */

/* Returns the value that would be at a place if the values were in descending order. */
static PcoreWorth
nth_largest(PcoreWorth *values, int count, int place)
{
	int			low = 0;
	int			high = count - 1;
	uint64_t	random = 88172645463325252u;

	while (low < high)
	{
		PcoreWorth	pivot;
		int			i = low;
		int			j = high;

		/* Any order of input is as good as any other. */
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		pivot = values[low + (int) (random % (uint64_t) (high - low + 1))];
		while (i <= j)
		{
			while (values[i] > pivot)
				i++;
			while (values[j] < pivot)
				j--;
			if (i <= j)
			{
				PcoreWorth	swap = values[i];

				values[i++] = values[j];
				values[j--] = swap;
			}
		}
		if (place <= j)
			high = j;
		else if (place >= i)
			low = i;
		else
			break;
	}
	return values[place];
}

/* Sets the price of a resource to the lowest at which it has room for all who prefer it. */
static void
clear_resource(const PcoreMarket *market, PcoreWorth *prices, int resource, PcoreWorth *gains)
{
	int			count = 0;

	pcore_check_interrupts();
	for (int a = 0; a < market->asker_count; a++)
	{
		PcoreWorth	worth;
		PcoreWorth	gain;
		int			choice;

		if (!worth_at(market, a, resource + 1, &worth))
			continue;
		gain = worth - best_of(market, prices, a, resource, &choice);
		if (gain > 0)
			gains[count++] = gain;
	}
	prices[resource] = count <= market->room[resource] ? 0
		: nth_largest(gains, count, (int) market->room[resource]);
}

/*
 * Returns the value of the dual problem: no assignment is worth more.  It is
 * lowest at the prices that are looked for.
 */
static PcoreWorth
dual_value(const PcoreMarket *market, const PcoreWorth *prices)
{
	PcoreWorth	value = 0;
	int			choice;

	pcore_check_interrupts();
	for (int a = 0; a < market->asker_count; a++)
		value += best_of(market, prices, a, -1, &choice);
	for (int r = 0; r < market->resource_count; r++)
		value += prices[r] * (PcoreWorth) market->room[r];
	return value;
}

/* Goes on in the direction of the last round, twice as far each time, while that pays. */
static void
leap(const PcoreMarket *market, const PcoreWorth *before, PcoreWorth *prices)
{
	PcoreWorth	least = dual_value(market, prices);

	for (int factor = 1; factor < 1 << 20; factor *= 2)
	{
		PcoreWorth	further[PCORE_MOST_RESOURCES];
		PcoreWorth	value;

		for (int r = 0; r < market->resource_count; r++)
		{
			further[r] = prices[r] + (prices[r] - before[r]) * (factor == 1 ? 1 : factor / 2);
			if (further[r] < 0 || further[r] > pcore_worth(PCORE_MOST_MILLIONTHS, 0))
				return;
		}
		value = dual_value(market, further);
		if (value >= least)
			return;
		least = value;
		memcpy(prices, further, sizeof(PcoreWorth) * (size_t) market->resource_count);
	}
}

/* Counts the askers who are too many, and the places that are empty though they cost something. */
static int64_t
count_misplaced(const PcoreMarket *market, const PcoreWorth *prices)
{
	int64_t		load[PCORE_MOST_RESOURCES] = {0};
	int64_t		misplaced = 0;

	for (int a = 0; a < market->asker_count; a++)
	{
		int			choice = pcore_market_choice(market, prices, a);

		if (choice >= 0)
			load[choice]++;
	}
	for (int r = 0; r < market->resource_count; r++)
		if (load[r] > market->room[r])
			misplaced += load[r] - market->room[r];
		else if (prices[r] > 0)
			misplaced += market->room[r] - load[r];
	return misplaced;
}

/* Clears one resource after the other until few are misplaced, or for some rounds. */
static void
approach_prices(const PcoreMarket *market, PcoreWorth *prices)
{
	PcoreWorth *gains = pcore_alloc(sizeof(PcoreWorth) * ((size_t) market->asker_count + 1));

	for (int round = 0; round < MOST_ROUNDS; round++)
	{
		PcoreWorth	before[PCORE_MOST_RESOURCES];
		bool		changed = false;

		memcpy(before, prices, sizeof(PcoreWorth) * (size_t) market->resource_count);
		for (int r = 0; r < market->resource_count; r++)
		{
			clear_resource(market, prices, r, gains);
			changed |= prices[r] != before[r];
		}
		if (!changed || market->resource_count == 1)
			break;
		if (round > 0)
			leap(market, before, prices);
		/* The exact steps that follow move one asker at a time. */
		if (count_misplaced(market, prices) <= 100 + market->asker_count / 1000)
			break;
	}
	pcore_free(gains);
}

/* ---- 2. who is too many moves ---- */

/* Returns what an asker loses by a move. */
static PcoreWorth
move_cost(const PcoreMarket *market, int asker, int from, int to)
{
	PcoreWorth	before = 0;
	PcoreWorth	after = 0;

	(void) worth_at(market, asker, from, &before);
	(void) worth_at(market, asker, to, &after);
	return before - after;
}

/* Moves an entry of a heap down to where it belongs. */
static void
sink(const PcoreMarket *market, Heap *heap, int from, int to, int entry)
{
	int			asker = heap->askers[entry];
	PcoreWorth	cost = move_cost(market, asker, from, to);

	for (;;)
	{
		int			child = 2 * entry + 1;

		if (child >= heap->count)
			break;
		if (child + 1 < heap->count
			&& move_cost(market, heap->askers[child + 1], from, to) < move_cost(market, heap->askers[child], from, to))
			child++;
		if (move_cost(market, heap->askers[child], from, to) >= cost)
			break;
		heap->askers[entry] = heap->askers[child];
		entry = child;
	}
	heap->askers[entry] = asker;
}

/* Appends an asker to a heap, anywhere. */
static void
append(Heap *heap, int asker)
{
	if (heap->count == heap->room)
	{
		int			room = heap->room == 0 ? 16 : 2 * heap->room;
		int		   *askers = pcore_alloc(sizeof(int) * (size_t) room);

		if (heap->count > 0)
			memcpy(askers, heap->askers, sizeof(int) * (size_t) heap->count);
		if (heap->room > 0)
			pcore_free(heap->askers);
		heap->askers = askers;
		heap->room = room;
	}
	heap->askers[heap->count++] = asker;
}

/* Adds an asker to a heap, where it belongs. */
static void
add(const PcoreMarket *market, Heap *heap, int from, int to, int asker)
{
	PcoreWorth	cost = move_cost(market, asker, from, to);
	int			entry;

	append(heap, asker);
	for (entry = heap->count - 1; entry > 0; entry = (entry - 1) / 2)
	{
		int			parent = (entry - 1) / 2;

		if (move_cost(market, heap->askers[parent], from, to) <= cost)
			break;
		heap->askers[entry] = heap->askers[parent];
	}
	heap->askers[entry] = asker;
}

/* Returns the heap of those who could move from a node to another. */
static Heap *
heap_of(Flow *flow, int from, int to)
{
	return &flow->heaps[from * flow->nodes + to];
}

/* Looks who moves cheapest; those who have left the node are dropped first. */
static void
refresh_arc(Flow *flow, int from, int to)
{
	Heap	   *heap = heap_of(flow, from, to);

	while (heap->count > 0 && flow->place[heap->askers[0]] != from)
	{
		heap->askers[0] = heap->askers[--heap->count];
		if (heap->count > 0)
			sink(flow->market, heap, from, to, 0);
	}
	flow->arcs[from][to] = heap->count == 0 ? FAR : move_cost(flow->market, heap->askers[0], from, to);
}

/* Seats each asker at its choice and fills the heaps. */
static void
seat_askers(Flow *flow, const PcoreWorth *prices)
{
	const PcoreMarket *market = flow->market;

	for (int a = 0; a < market->asker_count; a++)
	{
		int			node = pcore_market_choice(market, prices, a) + 1;

		flow->place[a] = node;
		flow->load[node]++;
		if (node != 0)
			append(heap_of(flow, node, 0), a);
		for (int64_t o = market->first[a]; o < market->first[a + 1]; o++)
			if (market->options[o].resource + 1 != node)
				append(heap_of(flow, node, market->options[o].resource + 1), a);
	}
	for (int from = 0; from < flow->nodes; from++)
		for (int to = 0; to < flow->nodes; to++)
		{
			Heap	   *heap = heap_of(flow, from, to);

			pcore_check_interrupts();
			for (int entry = heap->count / 2 - 1; entry >= 0; entry--)
				sink(market, heap, from, to, entry);
			refresh_arc(flow, from, to);
		}
}

/* Tells whether a node has room for one more. */
static bool
has_room(const Flow *flow, int node)
{
	return node == 0 || flow->load[node] < flow->market->room[node - 1];
}

/* Finds the cheapest chains of moves from the given distances on; Bellman and Ford. */
static void
find_chains(const Flow *flow, PcoreWorth *distance, int *before)
{
	bool		changed = true;

	for (int round = 0; round < flow->nodes && changed; round++)
	{
		changed = false;
		for (int from = 0; from < flow->nodes; from++)
			for (int to = 0; to < flow->nodes && distance[from] < FAR; to++)
				if (flow->arcs[from][to] < FAR && distance[from] + flow->arcs[from][to] < distance[to])
				{
					distance[to] = distance[from] + flow->arcs[from][to];
					before[to] = from;
					changed = true;
				}
	}
}

/* Moves one asker along each link of the chain that ends at a node. */
static void
move_along(Flow *flow, const int *before, int end)
{
	const PcoreMarket *market = flow->market;
	int			moved[MOST_NODES];
	int			count = 0;
	bool		touched[MOST_NODES] = {false};

	for (int to = end; before[to] >= 0; to = before[to])
		moved[count++] = heap_of(flow, before[to], to)->askers[0];
	count = 0;
	for (int to = end; before[to] >= 0; to = before[to])
	{
		int			asker = moved[count++];

		flow->place[asker] = to;
		flow->load[before[to]]--;
		flow->load[to]++;
		touched[before[to]] = touched[to] = true;
		if (to != 0)
			add(market, heap_of(flow, to, 0), to, 0, asker);
		for (int64_t o = market->first[asker]; o < market->first[asker + 1]; o++)
			if (market->options[o].resource + 1 != to)
				add(market, heap_of(flow, to, market->options[o].resource + 1), to, market->options[o].resource + 1, asker);
	}
	for (int from = 0; from < flow->nodes; from++)
		for (int to = 0; touched[from] && to < flow->nodes; to++)
			refresh_arc(flow, from, to);
}

/* Moves askers away from a node until it holds no more than it has room for. */
static void
relieve(Flow *flow, int node)
{
	while (node != 0 && flow->load[node] > flow->market->room[node - 1])
	{
		PcoreWorth	distance[MOST_NODES];
		int			before[MOST_NODES];
		int			end = 0;

		pcore_check_interrupts();
		for (int n = 0; n < flow->nodes; n++)
		{
			distance[n] = n == node ? 0 : FAR;
			before[n] = -1;
		}
		find_chains(flow, distance, before);
		for (int n = 1; n < flow->nodes; n++)
			if (has_room(flow, n) && distance[n] < distance[end])
				end = n;
		move_along(flow, before, end);
	}
}

/* Fills room that is left as long as that pays. */
static void
fill(Flow *flow)
{
	for (;;)
	{
		PcoreWorth	distance[MOST_NODES] = {0};
		int			before[MOST_NODES];
		int			end = -1;

		pcore_check_interrupts();
		for (int n = 0; n < flow->nodes; n++)
			before[n] = -1;
		find_chains(flow, distance, before);
		for (int n = 0; n < flow->nodes; n++)
			if (has_room(flow, n) && distance[n] < 0 && (end < 0 || distance[n] < distance[end]))
				end = n;
		if (end < 0)
			return;
		move_along(flow, before, end);
	}
}

/* ---- 3. prices that support it ---- */

/* Makes the arcs the cheapest chains between all nodes, empty room included; Floyd and Warshall. */
static void
close_arcs(Flow *flow)
{
	for (int n = 0; n < flow->nodes; n++)
	{
		flow->arcs[n][n] = 0;
		/* No price is negative, and what has room left costs nothing. */
		if (flow->arcs[0][n] > 0)
			flow->arcs[0][n] = 0;
		if (has_room(flow, n) && flow->arcs[n][0] > 0)
			flow->arcs[n][0] = 0;
	}
	for (int by = 0; by < flow->nodes; by++)
		for (int from = 0; from < flow->nodes; from++)
			for (int to = 0; to < flow->nodes; to++)
				if (flow->arcs[from][by] < FAR && flow->arcs[by][to] < FAR
					&& flow->arcs[from][by] + flow->arcs[by][to] < flow->arcs[from][to])
					flow->arcs[from][to] = flow->arcs[from][by] + flow->arcs[by][to];
}

/* Counts whom a resource would have to serve if everyone whose best is a tie came. */
static void
count_at_most(const PcoreMarket *market, const PcoreWorth *prices, int64_t *asked)
{
	memset(asked, 0, sizeof(int64_t) * PCORE_MOST_RESOURCES);
	for (int a = 0; a < market->asker_count; a++)
	{
		int			choice;
		PcoreWorth	best = best_of(market, prices, a, -1, &choice);

		if (choice < 0)
			continue;
		for (int64_t o = market->first[a]; o < market->first[a + 1]; o++)
		{
			const PcoreOption *option = &market->options[o];

			if (option_worth(option) - prices[option->resource] == best)
				asked[option->resource]++;
		}
	}
}

/* Makes prices at which each asker sits at the optimum, from lower ones. */
static void
find_optimum(const PcoreMarket *market, PcoreWorth *prices)
{
	Flow	   *flow = pcore_alloc(sizeof(Flow));

	memset(flow, 0, sizeof(Flow));
	flow->market = market;
	flow->nodes = market->resource_count + 1;
	flow->place = pcore_alloc(sizeof(int) * ((size_t) market->asker_count + 1));
	flow->heaps = pcore_alloc(sizeof(Heap) * (size_t) (flow->nodes * flow->nodes));
	memset(flow->heaps, 0, sizeof(Heap) * (size_t) (flow->nodes * flow->nodes));
	seat_askers(flow, prices);
	for (int n = 1; n < flow->nodes; n++)
		relieve(flow, n);
	fill(flow);

	close_arcs(flow);
	for (int r = 0; r < market->resource_count; r++)
	{
		PcoreWorth	sum = 0;

		for (int n = 0; n < flow->nodes; n++)
			sum += flow->arcs[r + 1][n] - flow->arcs[0][n];
		prices[r] = sum / flow->nodes;
	}
	for (int h = 0; h < flow->nodes * flow->nodes; h++)
		if (flow->heaps[h].room > 0)
			pcore_free(flow->heaps[h].askers);
	pcore_free(flow->heaps);
	pcore_free(flow->place);
	pcore_free(flow);
}

/* Finds the prices of the resources. */
void
pcore_market_prices(const PcoreMarket *market, PcoreWorth *prices)
{
	int64_t		asked[PCORE_MOST_RESOURCES];
	bool		free = true;
	bool		settled = false;
	PcoreWorth	step = 1;

	for (int r = 0; r < market->resource_count; r++)
		prices[r] = 0;
	approach_prices(market, prices);
	for (int r = 0; r < market->resource_count; r++)
		free &= prices[r] == 0;
	if (!free)
		find_optimum(market, prices);

	/* Two askers with the same worths and the same tie: none of them gets the last place. */
	while (!settled)
	{
		pcore_check_interrupts();
		settled = true;
		count_at_most(market, prices, asked);
		for (int r = 0; r < market->resource_count; r++)
			if (asked[r] > market->room[r])
			{
				prices[r] += step;
				settled = false;
			}
		step *= 2;
	}
}
