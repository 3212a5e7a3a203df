use arrow::array::{
    Array, ArrayRef, DictionaryArray, FixedSizeListArray, Int32Array, LargeListArray, ListArray, MapArray,
    RunArray, StringArray, StringViewArray, StructArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::Int32Type;
use arrow::ipc::reader::StreamReader;

use super::*;

/// All messages of the rows of a batch.
fn sent(batch: &RecordBatch) -> Vec<Message> {
    let mut messages = Messages::of(&batch.schema());
    let mut sent = vec![messages.schema()];
    messages
        .rows(batch, &mut |message| {
            sent.push(message);
            Ok(())
        })
        .unwrap();
    sent
}

/// They are a stream of Arrow as soon as each has its prefix.
fn stream(sent: &[Message]) -> Vec<u8> {
    let mut stream = Vec::new();
    for Message { head, body } in sent {
        stream.extend(u32::MAX.to_le_bytes());
        stream.extend((head.len() as u32).to_le_bytes());
        stream.extend_from_slice(head);
        stream.extend_from_slice(body);
    }
    stream
}

#[test]
fn messages_are_short_and_their_columns_plain() {
    let long: Vec<String> = (0..400).map(|n| "x".repeat(if n % 97 == 0 { 1_500_000 } else { 3 })).collect();
    let dictionary: DictionaryArray<Int32Type> = long.iter().map(|text| &text[..2]).collect();
    let batch = RecordBatch::try_from_iter([
        ("view", Arc::new(StringViewArray::from_iter_values(&long)) as ArrayRef),
        ("dictionary", Arc::new(dictionary)),
    ])
    .unwrap();
    let sent = sent(&batch);
    assert!(sent.len() > 3 && sent.iter().all(|m| m.head.len() + m.body.len() <= LONGEST));
    let stream = stream(&sent);
    let reader = StreamReader::try_new(stream.as_slice(), None).unwrap();
    assert!(reader.schema().fields().iter().all(|field| *field.data_type() == DataType::Utf8));
    let texts = reader.flat_map(|batch| {
        let column = batch.unwrap().column(0).as_any().downcast_ref::<StringArray>().unwrap().clone();
        column.iter().map(|text| text.unwrap().to_owned()).collect::<Vec<_>>()
    });
    assert_eq!(texts.collect::<Vec<_>>(), long);
}

#[test]
fn a_cell_that_is_longer_than_a_message_stays_whole() {
    let batch = RecordBatch::try_from_iter([(
        "x",
        Arc::new(StringArray::from(vec!["y".repeat(LONGEST), "z".into()])) as ArrayRef,
    )])
    .unwrap();
    let mut rows = Vec::new();
    Messages::of(&batch.schema())
        .rows(&batch, &mut |m| {
            rows.push(m.body.len());
            Ok(())
        })
        .unwrap();
    assert!(rows.len() == 2 && rows[0] > LONGEST && rows[1] < 1000, "{rows:?}");
}

/// Two rows in which two values stand within lists, structs, maps and runs.
fn around(values: &ArrayRef) -> RecordBatch {
    let item = Arc::new(Field::new("value", values.data_type().clone(), true));
    let keys: ArrayRef = Arc::new(StringArray::from(vec!["k", "l"]));
    let key = Arc::new(Field::new("key", DataType::Utf8, false));
    let pairs = StructArray::from(vec![(key, Arc::clone(&keys)), (Arc::clone(&item), Arc::clone(values))]);
    let entries = Arc::new(Field::new("entries", pairs.data_type().clone(), false));
    let of = |values: &ArrayRef| (Arc::clone(&item), Arc::clone(values));
    let ((a, list), (b, large), (c, fixed)) = (of(values), of(values), of(values));
    RecordBatch::try_from_iter([
        ("list", Arc::new(ListArray::new(a, OffsetBuffer::from_lengths([1, 1]), list, None)) as ArrayRef),
        (
            "large",
            Arc::new(LargeListArray::new(b, OffsetBuffer::from_lengths([1, 1]), large, None)) as ArrayRef,
        ),
        ("fixed", Arc::new(FixedSizeListArray::new(c, 1, fixed, None)) as ArrayRef),
        ("struct", Arc::new(pairs.clone()) as ArrayRef),
        (
            "map",
            Arc::new(MapArray::new(entries, OffsetBuffer::from_lengths([1, 1]), pairs, None, false))
                as ArrayRef,
        ),
        (
            "runs",
            Arc::new(RunArray::<Int32Type>::try_new(&Int32Array::from(vec![1, 2]), values).unwrap())
                as ArrayRef,
        ),
    ])
    .unwrap()
}

#[test]
fn what_stands_within_other_values_is_plain_too() {
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
    let texts = around(&texts);
    let plain = with_plain_columns(&texts, &plain(&texts.schema())).unwrap();
    assert_eq!(*plain.column(5).data_type(), DataType::Utf8);
    let dictionary: DictionaryArray<Int32Type> = ["a", "b"].into_iter().collect();
    for values in
        [Arc::new(StringViewArray::from(vec!["a", "b"])) as ArrayRef, Arc::new(dictionary) as ArrayRef]
    {
        let stream = stream(&sent(&around(&values)));
        let read = StreamReader::try_new(stream.as_slice(), None).unwrap().next().unwrap().unwrap();
        assert_eq!(read, plain);
    }
}
