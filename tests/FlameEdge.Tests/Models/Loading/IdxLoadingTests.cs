using FlameEdge.Topology;

namespace FlameEdge.Tests.Models.Loading;

public class IdxLoadingTests : TemporaryFiles
{
    private static readonly byte[] FourPixelsTwice = [0, 51, 102, 255, 1, 2, 3, 4];

    [Fact]
    public void Images_keep_their_shape_and_are_scaled()
    {
        var data = Load(Idx(Idx(FourPixelsTwice, 2, 2, 2), Idx([3, 1], 2)) with { Scale = 1 / 255.0, Rows = new RowsSpec { Count = 1 } });

        Assert.Equal([1, 2, 2], data.SampleShape);
        Assert.Equal([0, 0.2f, 0.4f, 1], data.Features.ToArray());
        Assert.Equal([3], data.Labels.ToArray());
        Assert.Equal(4, data.ClassCount);
    }

    [Fact]
    public void A_packed_file_equals_the_plain_one()
    {
        var (images, labels) = (Idx(FourPixelsTwice, 2, 4), Idx([0, 1], 2));

        var packed = Load(Idx(Packed(images), Packed(labels), ".gz"));

        Assert.Equal(Load(Idx(images, labels)).Features.ToArray(), packed.Features.ToArray());
        Assert.Equal([4], packed.SampleShape);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".gz")]
    public void A_header_that_claims_gigabytes_is_refused_before_anything_is_allocated(string extension)
    {
        var huge = Idx([1, 2, 3], 1 << 16, 1 << 10, 1 << 10);
        var large = Idx([1, 2, 3], 1 << 9, 1 << 10, 1 << 10);
        foreach (var file in new[] { huge, large })
        {
            var before = GC.GetAllocatedBytesForCurrentThread();

            var message = Refused(Idx(extension.Length > 0 ? Packed(file) : file, Idx([0], 1), extension));

            Assert.Contains("the header claims", message, StringComparison.Ordinal);
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 10_000_000);
        }
    }

    [Fact]
    public void Broken_files_are_refused()
    {
        var (images, labels) = (Idx(FourPixelsTwice, 2, 2, 2), Idx([0, 1], 2));
        byte[] badMagic = [1, .. images[1..]];

        Assert.Contains("starts with 01000803", Refused(Idx(badMagic, labels)), StringComparison.Ordinal);
        Assert.Contains("truncated", Refused(Idx(images[..^1], labels)), StringComparison.Ordinal);
        Assert.Contains("truncated", Refused(Idx(Packed(images[..^1]), Packed(labels), ".gz")), StringComparison.Ordinal);
        Assert.Contains("truncated", Refused(Idx(images[..10], labels)), StringComparison.Ordinal);
        Assert.Contains("goes on after", Refused(Idx([.. images, 0], labels)), StringComparison.Ordinal);
        Assert.Contains("3 labels do not fit 2 images", Refused(Idx(images, Idx([0, 1, 2], 3))), StringComparison.Ordinal);
        Assert.Contains("like images", Refused(Idx(images, images)), StringComparison.Ordinal);
        Assert.Contains("like labels", Refused(Idx(labels, labels)), StringComparison.Ordinal);
        Assert.Contains("label 1 of image 1 is outside 0..0", Refused(Idx(images, labels) with { Classes = 1 }), StringComparison.Ordinal);
        Assert.Contains("has no columns; remove 'label'", Refused(Idx(images, labels) with { Label = "x" }), StringComparison.Ordinal);
        Assert.Contains("'labelsPath'", Refused(Idx(images, labels) with { LabelsPath = null }), StringComparison.Ordinal);
    }

    private SourceSpec Idx(byte[] images, byte[] labels, string extension = "") => new()
    {
        Format = "idx",
        Paths = [Write($"images{extension}", images)],
        LabelsPath = Write($"labels{extension}", labels),
    };
}
