namespace FlameEdge.Cli.Canoe.Broker;

/// <summary>What was counted at a broker: Canoe seed by seed, and federated jobs of a network of the same size.</summary>
internal sealed class BrokerReport
{
    /// <summary>Canoe's runs.</summary>
    public List<BrokerFigures> Runs { get; } = [];

    /// <summary>Ten rounds of federated averaging by dataset: plain, and with top 1 % and int8 both ways.</summary>
    public Dictionary<string, (BrokerCount Plain, BrokerCount Compressed)> Federated { get; } = new(StringComparer.Ordinal);

    /// <summary>What these figures say of what Canoe must show.</summary>
    public IEnumerable<ClaimResult> Claims()
    {
        foreach (var dataset in Runs.GroupBy(run => run.Dataset))
        {
            if (Federated.TryGetValue(dataset.Key, out var federated))
            {
                if (Mean(dataset, "W1", run => run.Bytes.Compared?.Total) is { } changed && federated is { Plain.Compared: { } plain, Compressed.Compared: { } compressed })
                {
                    yield return ClaimResult.AtLeast(dataset.Key, "W1 at the broker, everything in the 100 batches from the change: FedAvg E = 10 ÷ Canoe", plain.Total / changed, 100, 400);
                    yield return ClaimResult.AtLeast(dataset.Key, "W1 at the broker, everything in the 100 batches from the change: FedAvg E = 10, top 1 % and int8 ÷ Canoe", compressed.Total / changed, 2, 5);
                }

                if (Mean(dataset, "W1", run => run.Bytes.All.Total) is { } introduced)
                {
                    yield return ClaimResult.AtLeast(dataset.Key, "W1 at the broker, first connect to last disconnect, joining and leaving included: FedAvg E = 10 over 100 batches ÷ Canoe", federated.Plain.All.Total / introduced, 100, 400);
                    yield return ClaimResult.AtLeast(dataset.Key, "W1 at the broker, first connect to last disconnect, joining and leaving included: FedAvg E = 10, top 1 % and int8 ÷ Canoe", federated.Compressed.All.Total / introduced, 2, 5);
                }
            }

            if (Idle(dataset) is { } idle)
            {
                yield return ClaimResult.Below(dataset.Key, "W6 at the broker, second half: records, requests, packets and events per batch and site, bytes", idle, 5, 0);
            }
        }
    }

    /// <summary>The tables.</summary>
    public void Write(Action<FormattableString> line)
    {
        line($"");
        line($"## At the broker");
        line($"");
        line($"Five sites and a directory, a process each, in lockstep over a broker; a relay before its port counted every byte of every client both ways, MQTT's headers, connecting and pings included, from the first to the last.");
        line($"W6, in which nothing changes, is what joining, being there and leaving cost. Lines \"100 batches\" are what passed from the batch of the change to the end of the hundredth, at twenty batches a second, whatever it was for; of FedAvg from the first model to the last.");
        line($"FedAvg is a real job of five trainers and an aggregator with a network of the same size, ten rounds: 100 batches with an average after every ten; compressed is `up: top-k 1% + int8`, `down: delta + top-k 1% + int8`.");
        line($"");
        line($"| dataset | workload, batches | seed | metadata | requests | packets | events | presence | session | keep-alive | models | all | as in memory |");
        line($"|---|---|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (var run in Runs)
        {
            Rows(line, run.Dataset, $"{run.Workload}, {run.Batches}", $"{run.Seed}", run.Bytes, run.IsAsInMemory ? "to the last bit" : "**no**");
        }

        foreach (var (dataset, (plain, compressed)) in Federated)
        {
            Rows(line, dataset, "FedAvg E = 10", "", plain, "");
            Rows(line, dataset, "FedAvg E = 10, top 1 % and int8", "", compressed, "");
        }
    }

    // What the longer runs of a quiet workload say more than the shorter ones, per batch and site.
    private static double? Idle(IEnumerable<BrokerFigures> runs)
    {
        var quiet = runs.Where(run => run.Workload == "W6").GroupBy(run => run.Batches).OrderBy(group => group.Key).ToArray();
        return quiet.Length < 2 ? null : (quiet[^1].Average(run => (double)run.Bytes.All.Talk) - quiet[0].Average(run => (double)run.Bytes.All.Talk)) / (quiet[^1].Key - quiet[0].Key) / quiet[0].First().Sites;
    }

    private static double? Mean(IEnumerable<BrokerFigures> runs, string workload, Func<BrokerFigures, long?> bytes) =>
        runs.Where(run => run.Workload == workload).GroupBy(run => run.Batches).MaxBy(group => group.Key)?.Average(bytes);

    private static void Rows(Action<FormattableString> line, string dataset, string what, string seed, BrokerCount count, string note)
    {
        Row(line, dataset, what, seed, count.All, note);
        if (count.Compared is { } compared)
        {
            Row(line, dataset, $"{what}: 100 batches", seed, compared, "");
        }
    }

    private static void Row(Action<FormattableString> line, string dataset, string what, string seed, BrokerBytes bytes, string note) =>
        line($"| {dataset} | {what} | {seed} | {bytes.Metadata} | {bytes.Request} | {bytes.Packet} | {bytes.Events} | {bytes.Presence} | {bytes.Session} | {bytes.KeepAlive} | {bytes.Model} | {bytes.Total} | {note} |");
}
