using System.Text.Json;
using FlameEdge.Models;
using FlameEdge.Testing;
using FlameEdge.Topology;
using static FlameEdge.Tests.Models.Loading.ReferenceSpecs;

namespace FlameEdge.Tests.Models.Loading;

/// <summary>The loader's numbers lead to the published curves: a row in the wrong part, a wrong scale or deviation would bend them.</summary>
[Trait("Category", "Golden")]
public class ReferenceCurveTests
{
    [Theory]
    [InlineData("iid", "modulo")]
    [InlineData("noniid_2shards", "shards")]
    public void Digits_leads_to_the_reference(string name, string kind)
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        var clients = Parts(Loader, Digits(new RowsSpec { Count = 1437 }), kind, 5);
        var test = Loader.Load(Dataset(Digits(new RowsSpec { First = 1437 })));

        var curve = SoftmaxReference.Curve(clients, test, learningRate: 0.5, steps: 5, rounds: 20);

        AssertFollows(Reference("digits").GetProperty(name).GetProperty("det_softmax_curve_lr0.5_E5_T20"), curve, test);
    }

    [Theory]
    [InlineData("iid", "blocks")]
    [InlineData("mod10", "modulo")]
    [InlineData("noniid_2shards", "shards")]
    public void Small_mnist_leads_to_the_reference(string name, string kind)
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        var clients = Parts(Loader, Mnist("train", new RowsSpec { Count = 6000 }), kind, 10);
        var test = Loader.Load(Dataset(Mnist("t10k", new RowsSpec { Every = 5 })));

        var curve = SoftmaxReference.Curve(clients, test, learningRate: 0.1, steps: 5, rounds: 2);

        AssertFollows(Reference("mnist").GetProperty("small").GetProperty(name).GetProperty("curve_round_acc_loss_l2"), curve, test);
    }

    [Fact]
    public void Wisdm_leads_to_the_reference()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        var pooled = new StandardizeSpec { Kind = "pooled", Pool = [Wisdm("train")] };
        var clients = Users.Select(user => Loader.Load(Dataset(Wisdm("train"), new PartSpec { Kind = "column", Column = "user", Value = $"{user}" }, pooled))).ToList();
        var test = Loader.Load(Dataset(Wisdm("test"), standardize: pooled));

        var curve = SoftmaxReference.Curve(clients, test, learningRate: 0.2, steps: 5, rounds: 10);

        AssertFollows(Reference("wisdm-har").GetProperty("fedavg_det_softmax_lr0.2_E5_T60"), curve, test);
    }

    [Fact]
    public void Beijing_leads_to_the_reference()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        var pooled = new StandardizeSpec { Kind = "pooled", Pool = [.. Stations.Select(station => Beijing(train: true, station))] };
        var clients = Stations.Select(station => Loader.Load(Dataset(Beijing(train: true, station), standardize: pooled))).ToList();
        var test = Loader.Load(Dataset(Beijing(train: false, Stations), standardize: pooled));

        var curve = SoftmaxReference.Curve(clients, test, learningRate: 0.3, steps: 5, rounds: 5);

        AssertFollows(Reference("beijing-air").GetProperty("fedavg_det_softmax_lr0.3_E5_T30"), curve, test);
    }

    // The reference folder's tolerance: 1e-5 in loss and one test row. The norm is printed with eight digits; 1e-5 leaves room for float features.
    private static void AssertFollows(JsonElement reference, IEnumerable<(double Accuracy, double Loss, double Norm)> curve, Dataset test)
    {
        var oneRow = (1.0 / test.Count) + 1e-6;
        foreach (var (expected, actual) in reference.EnumerateArray().Zip(curve))
        {
            Assert.Equal(expected[1].GetDouble(), actual.Accuracy, oneRow);
            Assert.Equal(expected[2].GetDouble(), actual.Loss, 1e-5);
            Assert.Equal(expected[3].GetDouble(), actual.Norm, 1e-5);
        }
    }
}
