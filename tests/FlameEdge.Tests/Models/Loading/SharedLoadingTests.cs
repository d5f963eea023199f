using FlameEdge.Models.Loading;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Models.Loading;

public class SharedLoadingTests : TemporaryFiles
{
    [Fact]
    public void Ten_trainers_at_once_read_a_source_once()
    {
        var (cache, made) = (new SharedCache(1000), 0);

        Parallel.For(0, 10, _ => cache.Get("source", () => { Interlocked.Increment(ref made); return new object(); }, _ => 10));

        Assert.Equal(1, made);
    }

    [Fact]
    public void The_least_recently_used_leaves_when_memory_is_full()
    {
        var (cache, made) = (new SharedCache(100), new List<string>());
        void Get(string key) => cache.Get(key, () => { made.Add(key); return key; }, _ => 40);

        foreach (var key in new[] { "a", "b", "a", "c", "a", "b" })
        {
            Get(key);
        }

        Assert.Equal(["a", "b", "c", "b"], made);
    }

    [Fact]
    public void A_value_larger_than_all_memory_is_given_all_the_same()
    {
        var cache = new SharedCache(1);

        Assert.Equal("large", cache.Get("key", () => "large", _ => 1_000_000));
    }

    [Fact]
    public void A_failure_is_not_kept()
    {
        var cache = new SharedCache(100);
        Assert.Throws<InvalidOperationException>(() => cache.Get<string>("key", () => throw new InvalidOperationException(), _ => 1));

        Assert.Equal("repaired", cache.Get("key", () => "repaired", _ => 1));
    }

    [Fact]
    public void Parts_loaded_at_once_are_those_loaded_one_by_one()
    {
        var rows = string.Concat(Enumerable.Range(0, 500).Select(i => $"{i},{i % 5}\n"));
        var source = new SourceSpec { Format = "csv", Paths = [Write("rows.csv", $"a,label\n{rows}")], Label = "label" };
        var standardize = new StandardizeSpec { Kind = "pooled", Pool = [source] };
        DatasetSpec Part(int index) => ReferenceSpecs.Dataset(source, new PartSpec { Kind = "dirichlet", Parts = 10, Index = index }, standardize);
        var loader = new DatasetLoader();
        var together = new float[10][];

        Parallel.For(0, 10, index => together[index] = loader.Load(Part(index)).Features.ToArray());

        Assert.All(Enumerable.Range(0, 10), index => Assert.Equal(new DatasetLoader().Load(Part(index)).Features.ToArray(), together[index]));
    }
}
