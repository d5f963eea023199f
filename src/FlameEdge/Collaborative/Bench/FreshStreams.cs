using FlameEdge.Collaborative.Bench.Making;

namespace FlameEdge.Collaborative.Bench;

/// <summary>Streams made from seeds, over a folder of data files.</summary>
internal sealed class FreshStreams(string data, IReadOnlyList<int> seeds) : IStreamSource
{
    private readonly Dictionary<int, StreamMaker> makers = [];
    private StreamRows? files;
    private string? loaded;

    /// <inheritdoc/>
    public IReadOnlyList<string> Datasets => [.. DatasetCard.All.Select(card => card.Name)];

    /// <inheritdoc/>
    public IReadOnlyList<string> Workloads(string dataset) => Schedule.Workloads;

    /// <inheritdoc/>
    public IReadOnlyList<SeedStream> Seeds(string dataset, string workload)
    {
        var card = DatasetCard.All.FirstOrDefault(card => card.Name == dataset)
            ?? throw new ArgumentException($"there is no dataset '{dataset}': say one of {string.Join(", ", Datasets)}", nameof(dataset));
        return [.. seeds.Select(seed => Seed(card, workload, seed))];
    }

    private SeedStream Seed(DatasetCard card, string workload, int seed)
    {
        Open(card);
        if (!makers.TryGetValue(seed, out var maker))
        {
            makers[seed] = maker = new StreamMaker(card, this.files ?? StreamRows.Load(data, card.Name, card.Files, card.Classes, StreamMaker.DrawnFrom(seed)), seed);
        }

        return new SeedStream(seed, new StreamData(maker.Base(workload), maker.Rows), maker.Workload(workload));
    }

    // Files are read once for all seeds; what is generated belongs to its seed.
    private void Open(DatasetCard card)
    {
        if (loaded == card.Name)
        {
            return;
        }

        makers.Clear();
        this.files = card.Files.Count == 0 ? null : StreamRows.Load(data, card.Name, card.Files, card.Classes, seed: 0);
        loaded = card.Name;
    }
}
