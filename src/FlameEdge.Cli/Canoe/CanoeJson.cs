using System.Text.Json;
using FlameEdge.Cli.Canoe.Broker;
using FlameEdge.Cli.Output;
using FlameEdge.Collaborative.Bench;

namespace FlameEdge.Cli.Canoe;

/// <summary>What a bench measured, for a program.</summary>
internal static class CanoeJson
{
    /// <summary>Writes one object.</summary>
    public static void Write(TextWriter output, IReadOnlyDictionary<string, float> rates, IReadOnlyList<StreamFigures> figures, BrokerReport? broker)
    {
        using var text = new JsonText(output);
        var json = text.Json;
        json.WriteStartObject();
        json.WriteStartArray("figures");
        foreach (var of in figures)
        {
            Write(json, of, rates[of.Dataset]);
            text.Drain();
        }

        json.WriteEndArray();
        json.WriteStartArray("claims");
        foreach (var claim in CanoeClaims.Of(figures).Concat(broker?.Claims() ?? []))
        {
            json.WriteStartObject();
            json.WriteString("dataset", claim.Dataset);
            json.WriteString("claim", claim.Claim);
            json.WriteString("measured", claim.Measured);
            json.WriteString("must", claim.Must);
            json.WriteString("aim", claim.Aim);
            json.WriteBoolean("isMet", claim.IsMet);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("broker");
        foreach (var run in broker?.Runs ?? [])
        {
            json.WriteStartObject();
            json.WriteString("dataset", run.Dataset);
            json.WriteString("workload", run.Workload);
            json.WriteNumber("seed", run.Seed);
            json.WriteNumber("bytes", run.Bytes.All.Total);
            if (run.Bytes.Compared is { } compared)
            {
                json.WriteNumber("bytesInHundredBatches", compared.Total);
            }

            json.WriteBoolean("isAsInMemory", run.IsAsInMemory);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, StreamFigures of, float rate)
    {
        json.WriteStartObject();
        json.WriteString("dataset", of.Dataset);
        json.WriteString("workload", of.Workload);
        json.WriteString("method", of.Method);
        json.WriteNumber("isolatedRate", rate);
        WritePair("medianRatio", of.MedianRatio, of.Intervals.Median);
        WritePair("ratioOfMeans", of.RatioOfMeans, of.Intervals.Means);
        json.WriteNumber("smooth95", of.Smooth.At95);
        json.WriteNumber("smooth90", of.Smooth.At90);
        json.WriteNumber("area", of.Area.Method);
        json.WriteNumber("areaIsolated", of.Area.Isolated);
        json.WriteNumber("final", of.Final);
        json.WriteNumber("worstSeed", of.WorstSeed);
        json.WriteNumber("payloadBytes", of.PayloadBytes);
        json.WriteStartArray("seeds");
        foreach (var (i, seed) in of.Seeds.Index())
        {
            json.WriteStartObject();
            json.WriteNumber("seed", seed.Seed);
            json.WriteNumber("isolatedBatches", of.IsolatedBatches[i]);
            json.WriteNumber("batches", of.Batches[i]);
            json.WriteNumber("payloadBytes", seed.PayloadBytes);
            json.WriteStartArray("story");
            foreach (var line in seed.Story)
            {
                json.WriteStartObject();
                json.WriteNumber("batch", line.Batch);
                json.WriteString("kind", line.Kind);
                json.WriteString("site", line.Site);
                json.WriteString("text", line.Text);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();

        void WritePair(string name, double value, Interval interval)
        {
            json.WriteNumber(name, value);
            json.WriteStartArray($"{name}Interval");
            json.WriteNumberValue(interval.Low);
            json.WriteNumberValue(interval.High);
            json.WriteEndArray();
        }
    }
}
