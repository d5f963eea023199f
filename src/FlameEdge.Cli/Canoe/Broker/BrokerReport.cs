namespace FlameEdge.Cli.Canoe.Broker;

/// <summary>What was counted at a broker: Canoe seed by seed, and federated jobs of a network of the same size.</summary>
internal sealed class BrokerReport
{
    /// <summary>Canoe's runs.</summary>
    public List<BrokerFigures> Runs { get; } = [];

    /// <summary>Ten rounds of federated averaging by dataset: plain, and with top 1 % and int8 both ways.</summary>
    public Dictionary<string, (BrokerBytes Plain, BrokerBytes Compressed)> Federated { get; } = new(StringComparer.Ordinal);

    /// <summary>What these figures say of what Canoe must show.</summary>
    public IEnumerable<ClaimResult> Claims()
    {
        foreach (var dataset in Runs.GroupBy(run => run.Dataset))
        {
            if (Mean(dataset, "W1") is { } introduced && Federated.TryGetValue(dataset.Key, out var federated))
            {
                yield return ClaimResult.AtLeast(dataset.Key, "W1 at the broker, joining and leaving included: FedAvg E = 10 over 100 batches ÷ Canoe", federated.Plain.Total / introduced, 100, 400);
                yield return ClaimResult.AtLeast(dataset.Key, "W1 at the broker, joining and leaving included: FedAvg E = 10, top 1 % and int8 ÷ Canoe", federated.Compressed.Total / introduced, 2, 5);
                if (Mean(dataset, "W6") is { } calm && calm < introduced)
                {
                    yield return ClaimResult.AtLeast(dataset.Key, "what the change cost (W1 less W6): models of FedAvg E = 10 over 100 batches ÷ Canoe", federated.Plain.Model / (introduced - calm), 100, 400);
                    yield return ClaimResult.AtLeast(dataset.Key, "what the change cost (W1 less W6): models of FedAvg E = 10, top 1 % and int8 ÷ Canoe", federated.Compressed.Model / (introduced - calm), 2, 5);
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
        line($"W6, in which nothing changes, is what joining, being there and leaving cost; W1 less W6 is what the change cost.");
        line($"FedAvg is a real job of five trainers and an aggregator with a network of the same size, ten rounds: 100 batches with an average after every ten; compressed is `up: top-k 1% + int8`, `down: delta + top-k 1% + int8`.");
        line($"");
        line($"| dataset | workload, batches | seed | metadata | requests | packets | events | presence | session | keep-alive | models | all | as in memory |");
        line($"|---|---|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (var run in Runs)
        {
            Row(line, run.Dataset, $"{run.Workload}, {run.Batches}", $"{run.Seed}", run.Bytes, run.IsAsInMemory ? "to the last bit" : "**no**");
        }

        foreach (var (dataset, (plain, compressed)) in Federated)
        {
            Row(line, dataset, "FedAvg E = 10", "", plain, "");
            Row(line, dataset, "FedAvg E = 10, top 1 % and int8", "", compressed, "");
        }
    }

    // What the longer runs of a quiet workload say more than the shorter ones, per batch and site.
    private static double? Idle(IEnumerable<BrokerFigures> runs)
    {
        var quiet = runs.Where(run => run.Workload == "W6").GroupBy(run => run.Batches).OrderBy(group => group.Key).ToArray();
        return quiet.Length < 2 ? null : (quiet[^1].Average(run => (double)run.Bytes.Talk) - quiet[0].Average(run => (double)run.Bytes.Talk)) / (quiet[^1].Key - quiet[0].Key) / quiet[0].First().Sites;
    }

    private static double? Mean(IEnumerable<BrokerFigures> runs, string workload) =>
        runs.Where(run => run.Workload == workload).GroupBy(run => run.Batches).MaxBy(group => group.Key)?.Average(run => (double)run.Bytes.Total);

    private static void Row(Action<FormattableString> line, string dataset, string what, string seed, BrokerBytes bytes, string note) =>
        line($"| {dataset} | {what} | {seed} | {bytes.Metadata} | {bytes.Request} | {bytes.Packet} | {bytes.Events} | {bytes.Presence} | {bytes.Session} | {bytes.KeepAlive} | {bytes.Model} | {bytes.Total} | {note} |");
}
