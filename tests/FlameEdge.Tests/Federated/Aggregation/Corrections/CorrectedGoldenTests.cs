using System.Text.Json;
using static FlameEdge.Tests.Federated.Aggregation.GoldenAlgorithms;

namespace FlameEdge.Tests.Federated.Aggregation.Corrections;

[Trait("Category", "Golden")]
public class CorrectedGoldenTests
{
    public static TheoryData<string, int> CorrectedCases => Cases("optimizers/corrected");

    [Theory]
    [MemberData(nameof(CorrectedCases))]
    public void Clients_and_server_follow_the_trace_on_quadratics(string name, int index)
    {
        var (file, trace) = (File(name), Case(name, index));
        var start = file.Floats("x0");
        Gradient[] gradients = [.. file.GetProperty("a").EnumerateArray().Zip(file.GetProperty("b").EnumerateArray(), (a, b) => Quadratic(a.Doubles(), b.Doubles()))];
        var run = new CorrectedRun(trace.GetProperty("algorithm").GetString()!, trace.GetProperty("parameters"), Vector(start.Length), start, gradients, file.Wholes("sample_counts"));
        foreach (var expected in trace.GetProperty("rounds").EnumerateArray())
        {
            var received = run.Model.ToArray();
            var results = run.Round(expected.Wholes("participants"));

            for (var i = 0; i < results.Count; i++)
            {
                AssertClose(expected.GetProperty("client_models")[i].Doubles(), results[i].Model);
            }

            AssertClose((expected.TryGetProperty("x", out var model) ? model : expected.GetProperty("theta")).Doubles(), run.Model);
            AssertState(expected, run);
            AssertSent(expected, trace, results, run, received);
        }
    }

    private static void AssertState(JsonElement expected, CorrectedRun run)
    {
        foreach (var (field, state) in new[] { ("h", "h"), ("c", "c") })
        {
            if (expected.TryGetProperty(field, out var server))
            {
                AssertClose(server.Doubles(), run.Server.State.Single(vector => vector.Name == state).Values.Span);
            }
        }

        foreach (var field in new[] { "client_gradient_memory", "client_c" })
        {
            for (var i = 0; expected.TryGetProperty(field, out var clients) && i < run.Clients.Count; i++)
            {
                AssertClose(clients[i].Doubles(), Assert.Single(run.Clients[i].State).Values.Span);
            }
        }
    }

    private static void AssertSent(JsonElement expected, JsonElement trace, List<(float[] Model, float[] Change, float[] Second, double Work)> results, CorrectedRun run, float[] received)
    {
        for (var i = 0; i < results.Count; i++)
        {
            if (expected.TryGetProperty("delta_c", out var second))
            {
                AssertClose(second[i].Doubles(), results[i].Second);
            }

            if (expected.TryGetProperty("a_norm_1", out var norms))
            {
                Assert.Equal(norms[i].GetDouble(), results[i].Work, 1e-9);
                var learningRate = trace.GetProperty("parameters").Number("lr");

                // d = (x − y) / (lr ‖a‖₁); the update is −lr d. The subtraction costs what x has more digits than the change.
                double[] normalised = [.. expected.GetProperty("normalised_gradients_d")[i].Doubles().Select(value => -learningRate * value)];
                AssertClose(normalised, results[i].Change, 2e-5 * Math.Max(1, received.Max(Math.Abs)));
            }
        }

        if (expected.TryGetProperty("tau_eff", out var tau))
        {
            Assert.Equal(tau.GetDouble(), run.MeanWork, 1e-9);
        }
    }

    private static Gradient Quadratic(double[] a, double[] b) => (parameters, gradient) =>
    {
        for (var i = 0; i < gradient.Length; i++)
        {
            gradient[i] = a[i] * (parameters[i] - b[i]);
        }
    };
}
